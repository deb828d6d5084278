import type { JsonObject, Op } from 'sync-protocol'
import { type LocalOp, SyncError } from '../contract/index.ts'
import type { ChangeLog, StoreContext } from './context.ts'
import { mutationIndexKeys } from './index-keys.ts'
import type { RowKey } from './keys.ts'
import { findMutation } from './mutations.ts'
import { putOverlay } from './overlay-rows.ts'
import { type PreparedMutation, type PresentRecord, prepareMutation } from './prepare-ops.ts'
import { type RecordName, nameToText } from './record-names.ts'
import type { RowReader, RowWriter } from './row-database.ts'
import type { SyncRow } from './rows.ts'
import { readSyncToWrite } from './sync-row.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Throws `invalid-mutation` unless the id is a UUID in lower case. */
export function checkMutationId(mutationId: string): void {
  if (!UUID.test(mutationId)) throw new SyncError('invalid-mutation', 'A mutation’s id is a UUID in lower case.')
}

/**
 * One local write: records and outbox together. A mutation whose id the store knows already is a repeat (the page asked again after
 * its worker died): nothing is done, for a mutation takes effect at most once.
 */
export async function writeLocal(
  tx: RowWriter,
  context: StoreContext,
  mutationId: string,
  checkedOps: readonly LocalOp[],
  log: ChangeLog,
): Promise<void> {
  const sync = await readSyncToWrite(tx, context)
  if ((await findMutation(tx, mutationId)) !== null) return
  await storeMutation(tx, context, sync, mutationId, checkedOps, log)
}

/** Adds a new mutation of checked operations to outbox and overlay; returns the sync row as it is then. */
export async function storeMutation(
  tx: RowWriter,
  context: StoreContext,
  sync: SyncRow,
  mutationId: string,
  ops: readonly LocalOp[],
  log: ChangeLog,
): Promise<SyncRow> {
  const present = await readPresent(tx, sync, ops)
  const prepared = prepareMutation(context, mutationId, ops, present)
  const next = { ...sync, nextOrder: sync.nextOrder + 1 }
  tx.put('meta', next)
  putMutation(tx, context, sync.nextOrder, mutationId, prepared)
  for (const { collection, id, value } of prepared.views.values()) log.record(collection, id, value)
  log.stage(mutationId, 'stored')
  log.newWrite()
  return next
}

function putMutation(
  tx: RowWriter,
  context: StoreContext,
  order: number,
  mutationId: string,
  prepared: PreparedMutation,
): void {
  tx.put('outbox', {
    order,
    mutationId,
    createdAtMs: context.nowMs(),
    ops: prepared.ops,
    bytes: prepared.bytes,
    setAside: null,
    ix: mutationIndexKeys(mutationId, prepared.ops),
  })
  for (const { collection, id, value } of prepared.views.values()) {
    putOverlay(tx, context, { collection, id }, value, mutationId)
  }
}

/** Reads the records that operations name, as the app sees them. */
async function readPresent(
  tx: RowReader,
  sync: SyncRow,
  records: readonly RecordName[],
): Promise<Map<string, PresentRecord>> {
  const bases = await tx.getMany(
    'base',
    records.map(({ collection, id }): RowKey => [sync.generation, collection, id]),
  )
  const overlays = await tx.getMany(
    'overlay',
    records.map(({ collection, id }): RowKey => [collection, id]),
  )
  const present = new Map<string, PresentRecord>()
  for (const [index, record] of records.entries()) {
    const base = bases[index]
    const overlay = overlays[index]
    present.set(nameToText(record), {
      view: overlay === undefined ? (base?.value ?? null) : overlay.value,
      version: base?.version ?? null,
      lastMutation: overlay?.lastMutation ?? base?.mutationId ?? null,
      isCollectionLoaded: sync.settledCollections.includes(record.collection),
    })
  }
  return present
}

/** The present view of one record. */
export async function readView(tx: RowReader, sync: SyncRow, record: RecordName): Promise<JsonObject | null> {
  const overlay = await tx.get('overlay', [record.collection, record.id])
  if (overlay !== undefined) return overlay.value
  return (await tx.get('base', [sync.generation, record.collection, record.id]))?.value ?? null
}

/** The local operations that would make a stored mutation again on other records than it was made on. */
export function opsToLocal(ops: readonly Op[]): LocalOp[] {
  return ops.map((op) =>
    op.op === 'delete'
      ? { op: 'delete', collection: op.collection, id: op.id }
      : { op: op.op, collection: op.collection, id: op.id, value: op.value },
  )
}
