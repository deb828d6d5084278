import type { JsonObject, Op } from 'web-sync-protocol'
import { type LocalOp, SyncError } from '../contract/index.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { isStorageFailure } from './abandon.ts'
import { mutationIndexKeys, touchKeys } from './index-keys.ts'
import type { RowKey } from './keys.ts'
import { findMutation } from './mutations.ts'
import { findMadeOn, opsOn, putOverlay } from './overlay-rows.ts'
import { type PreparedMutation, type PresentRecord, prepareMutation } from './prepare-ops.ts'
import { type RecordName, nameToText } from './record-names.ts'
import type { RowReader, RowWriter } from './row-database.ts'
import type { SyncRow } from './rows.ts'
import { keepWritten } from './written.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Throws `invalid-mutation` unless the id is a UUID in lower case. */
export function checkMutationId(mutationId: string): void {
  if (!UUID.test(mutationId)) throw new SyncError('invalid-mutation', 'A mutation’s id is a UUID in lower case.')
}

/** A mutation as the app asks for it, its operations checked. */
export interface LocalMutation {
  readonly mutationId: string
  readonly ops: readonly LocalOp[]
}

/**
 * Adds new mutations to outbox and overlay, one after the other; they see each other. One whose id the store knows already is a repeat
 * (the page asked again after its worker died): nothing is done, for a mutation takes effect at most once. One that does not fit the
 * records as they are is left out. Returns why, for each (null: it is stored), and the sync row as it is then.
 */
export async function storeMutations(
  tx: RowWriter,
  context: StoreContext,
  sync: SyncRow,
  mutations: readonly LocalMutation[],
  notice: NoticeBuilder,
): Promise<{ readonly faults: readonly (SyncError | null)[]; readonly sync: SyncRow }> {
  // All questions at once: one after the other they would take ten times as long.
  const [present, known] = await Promise.all([
    readPresent(
      tx,
      sync,
      mutations.flatMap(({ ops }) => ops),
    ),
    Promise.all(mutations.map(({ mutationId }) => findMutation(tx, mutationId))),
  ])
  const repeated = new Set(mutations.flatMap(({ mutationId }, index) => (known[index] === null ? [] : [mutationId])))
  const views = new Map<string, RecordName & { readonly value: JsonObject | null; readonly lastMutation: string }>()
  let { nextOrder } = sync
  const faults = mutations.map(({ mutationId, ops }) => {
    if (repeated.has(mutationId)) return null
    try {
      const prepared = prepareMutation(context, mutationId, ops, present)
      putMutation(tx, context, sync, nextOrder, mutationId, prepared)
      for (const [name, view] of prepared.views) {
        views.set(name, { ...view, lastMutation: mutationId })
        present.set(name, buildOn(present.get(name) as PresentRecord, view, mutationId, prepared.ops))
      }
      for (const { collection, id, value } of prepared.views.values()) notice.record(collection, id, value)
    } catch (error) {
      if (error instanceof SyncError && !isStorageFailure(error)) return error
      throw error
    }
    nextOrder += 1
    repeated.add(mutationId)
    notice.stage(mutationId, 'stored')
    notice.newWrite()
    return null
  })
  for (const [name, view] of views) {
    const { madeOn, image } = present.get(name) as PresentRecord
    putOverlay(tx, view, view.value, { lastMutation: view.lastMutation, madeOn, image })
  }
  const next = { ...sync, nextOrder }
  tx.put('meta', next)
  return { faults, sync: next }
}

/** The record as the next local write finds it, after this mutation. */
function buildOn(
  present: PresentRecord,
  { collection, id, value }: RecordName & { readonly value: JsonObject | null },
  lastMutation: string,
  ops: readonly Op[],
): PresentRecord {
  const madeOn = findMadeOn(opsOn({ collection, id }, [{ ops }]), present.madeOn)
  return { ...present, view: value, lastMutation, madeOn, version: madeOn === undefined ? present.version : madeOn }
}

/** As {@link storeMutations}, for one mutation that is known to be new; throws if it does not fit. */
export async function storeMutation(
  tx: RowWriter,
  context: StoreContext,
  sync: SyncRow,
  mutationId: string,
  ops: readonly LocalOp[],
  notice: NoticeBuilder,
): Promise<SyncRow> {
  const { faults, sync: next } = await storeMutations(tx, context, sync, [{ mutationId, ops }], notice)
  const fault = faults[0] ?? null
  if (fault !== null) throw fault
  return next
}

function putMutation(
  tx: RowWriter,
  context: StoreContext,
  { partnershipId, replicaId }: SyncRow,
  order: number,
  mutationId: string,
  { ops, bytes, written }: PreparedMutation,
): void {
  const ix = mutationIndexKeys(mutationId, touchKeys(ops))
  const origin = { id: partnershipId ?? replicaId, number: order }
  const facts = { order, mutationId, origin, createdAtMs: context.nowMs() }
  tx.put('outbox', { ...facts, ops, bytes, ...keepWritten(written), setAside: null, ix })
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
      version: overlay?.madeOn === undefined ? (base?.version ?? null) : overlay.madeOn,
      madeOn: overlay?.madeOn,
      lastMutation: overlay?.lastMutation ?? base?.mutationId ?? null,
      isCollectionLoaded: sync.settledCollections.includes(record.collection),
      image: overlay?.image,
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
