import { INITIAL_KEY } from 'web-sync-protocol'
import type { Fence } from '../contract/index.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { toAccessEnded } from './outbox.ts'
import { listOutbox } from './overlay-rows.ts'
import { type RowWriter, listByNumber } from './row-database.ts'
import { isFenceOpen, readSyncToWrite } from './sync-row.ts'
import { clearUndo } from './undo-rows.ts'

/** Access has ended: nothing of the space stays readable; what the user wrote stays, as refused entries, until it is discarded. */
export async function removeAccess(
  tx: RowWriter,
  context: StoreContext,
  fence: Fence,
  notice: NoticeBuilder,
): Promise<'done' | 'stale'> {
  const sync = await readSyncToWrite(tx, context)
  if (!isFenceOpen(sync, fence)) return 'stale'
  const journal = await listByNumber(tx, 'journal')
  for (const row of [...(await listOutbox(tx)), ...journal]) {
    const entry = toAccessEnded(row, context.nowMs())
    tx.put('refused', 'acceptedAtMs' in row ? { ...entry, wasAccepted: true } : entry)
    notice.stage(row.mutationId, 'refused')
  }
  for (const store of ['base', 'overlay', 'outbox', 'journal', 'salvage'] as const) tx.clear(store)
  clearUndo(tx)
  tx.put('meta', {
    ...sync,
    generation: sync.nextGeneration,
    nextGeneration: sync.nextGeneration + 1,
    partnershipId: null,
    syncKey: INITIAL_KEY,
    isSettled: false,
    collections: [],
    settledCollections: [],
    digest: {},
    step: sync.nextStep,
    nextStep: sync.nextStep + 1,
    ancestors: [],
    progress: null,
    journalBytes: 0,
    isSalvageListed: false,
    resync: null,
    oldGenerations: [],
  })
  for (const { name } of context.schema.collections) notice.collection(name)
  return 'done'
}
