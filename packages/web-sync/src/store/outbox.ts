import { type LocalOp, SyncError } from '../contract/index.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { mutationIndexKeys, touchKeys } from './index-keys.ts'
import type { RowKey } from './keys.ts'
import { findDependents, findMutation, rememberStages } from './mutations.ts'
import { listOutbox, rebaseOverlay, touchedBy } from './overlay-rows.ts'
import { checkLocalOps } from './prepare-ops.ts'
import { RecordSet } from './record-names.ts'
import type { RowReader, RowWriter } from './row-database.ts'
import type { OutboxRow, RefusedRow, SyncRow } from './rows.ts'
import { readSyncToWrite } from './sync-row.ts'
import { readView, storeMutation } from './write-local.ts'
import { keepWritten, writtenToLocal } from './written.ts'

/** Lists pending mutations that were set aside. */
export const ASIDE: RowKey = ['aside']

/** Takes a pending mutation out of the way; one that is not pending any more needs it no longer. */
export async function setAside(
  tx: RowWriter,
  context: StoreContext,
  mutationId: string,
  code: 'undeliverable' | 'too-large',
  notice: NoticeBuilder,
): Promise<void> {
  await readSyncToWrite(tx, context)
  const found = await findMutation(tx, mutationId)
  if (found?.in !== 'outbox') return
  putPending(tx, found.row, code)
  notice.stage(mutationId, 'set-aside')
}

/** Sends a refused mutation again as a new one made on the records as they are; one set aside as it is. */
export async function retryMutation(
  tx: RowWriter,
  context: StoreContext,
  mutationId: string,
  newMutationId: string,
  ops: readonly LocalOp[] | undefined,
  notice: NoticeBuilder,
): Promise<void> {
  const sync = await readSyncToWrite(tx, context)
  const found = await findMutation(tx, mutationId)
  if (found?.in === 'outbox' && found.row.setAside !== null) {
    if (ops !== undefined) {
      throw new SyncError(
        'invalid-mutation',
        'A mutation that was set aside is sent as it is: discard it to write another one.',
      )
    }
    putPending(tx, found.row, null)
    notice.stage(mutationId, 'stored')
    notice.newWrite()
    return
  }
  if (found?.in !== 'refused') throw notFound()
  if ((await findMutation(tx, newMutationId)) !== null) {
    throw new SyncError('invalid-mutation', 'The id of the new mutation is in use: draw a new one.')
  }
  const again = checkLocalOps(context, ops ?? (await toAgain(tx, sync, found.row)))
  tx.delete('refused', found.row.order)
  const remembered = await rememberStages(tx, sync, 'discarded', [mutationId])
  await storeMutation(tx, context, remembered, newMutationId, again, notice)
  notice.stage(mutationId, 'discarded')
}

/** Gives up a refused mutation, or one set aside with all that was made on its results. */
export async function discardMutation(
  tx: RowWriter,
  context: StoreContext,
  mutationId: string,
  notice: NoticeBuilder,
): Promise<void> {
  const sync = await readSyncToWrite(tx, context)
  const found = await findMutation(tx, mutationId)
  if (found?.in === 'refused') {
    tx.delete('refused', found.row.order)
    tx.put('meta', await rememberStages(tx, sync, 'discarded', [mutationId]))
    notice.stage(mutationId, 'discarded')
    return
  }
  if (found?.in !== 'outbox' || found.row.setAside === null) throw notFound()
  const given = findDependents(await listOutbox(tx), mutationId)
  for (const row of given) {
    tx.delete('outbox', row.order)
    notice.stage(row.mutationId, 'discarded')
  }
  tx.put(
    'meta',
    await rememberStages(
      tx,
      sync,
      'discarded',
      given.map((row) => row.mutationId),
    ),
  )
  await rebaseOverlay(tx, context, sync.generation, touchedBy(given).values(), notice)
  // Without what blocked them, others may be sent now.
  notice.newWrite()
}

/** A pending mutation, or an accepted one, as a refused entry: access has ended. */
export function toAccessEnded(
  row: Pick<OutboxRow, 'order' | 'mutationId' | 'ops' | 'written'>,
  nowMs: number,
): RefusedRow {
  const { order, mutationId, ops } = row
  return {
    order,
    mutationId,
    ops,
    ...keepWritten(row.written),
    refusedAtMs: nowMs,
    type: 'refused',
    code: 'access-ended',
    message: 'The access to this space has ended.',
    path: '',
    ix: mutationIndexKeys(mutationId),
  }
}

/** What a refused mutation does again, on the records as they are now. */
async function toAgain(tx: RowReader, sync: SyncRow, row: RefusedRow): Promise<LocalOp[]> {
  const there = new RecordSet()
  for (const { collection, id } of row.ops) {
    if ((await readView(tx, sync, { collection, id })) !== null) there.add({ collection, id })
  }
  return writtenToLocal(row, (record) => there.has(record))
}

function putPending(tx: RowWriter, row: OutboxRow, code: OutboxRow['setAside']): void {
  const ix = mutationIndexKeys(row.mutationId, [...touchKeys(row.ops), ...(code === null ? [] : [ASIDE])])
  tx.put('outbox', { ...row, setAside: code, ix })
}

function notFound(): SyncError {
  return new SyncError('not-found', 'There is no such refused or set-aside write (any more).')
}
