import { type JsonObject, type Op, type View, rebaseRecord } from 'sync-protocol'
import type { ChangeLog, StoreContext } from './context.ts'
import { findCollection } from './index-keys.ts'
import { type RowKey, prefixRange } from './keys.ts'
import { READ_BATCH, type RowReader, type RowWriter, listAll } from './row-database.ts'
import { type RecordName, RecordSet } from './record-names.ts'
import type { OutboxRow } from './rows.ts'

/** Pending mutations that touch a record, oldest first. */
export function listTouching(tx: RowReader, record: RecordName): Promise<OutboxRow[]> {
  const key: RowKey = ['touch', record.collection, record.id]
  return tx.list('outbox', { range: { lower: key, upper: key }, byIndex: true, limit: Number.MAX_SAFE_INTEGER })
}

/** The operations of mutations on one record, in order. */
export function opsOn(record: RecordName, mutations: readonly { readonly ops: readonly Op[] }[]): Op[] {
  return mutations.flatMap(({ ops }) => ops.filter((op) => op.collection === record.collection && op.id === record.id))
}

/** Stores a record's view in the overlay; `lastMutation`: the last pending one that touches it. */
export function putOverlay(tx: RowWriter, { collection, id }: RecordName, value: View, lastMutation: string): void {
  tx.put('overlay', { collection, id, value, lastMutation })
}

/** Which records pending mutations touch: exactly those that have an overlay row. */
export async function listOverlayNames(tx: RowReader, collection?: string): Promise<RecordName[]> {
  const range = collection === undefined ? { lower: [], upper: prefixRange().upper } : prefixRange(collection)
  const names: RecordName[] = []
  let rest = { lower: range.lower, upper: range.upper, isLowerOpen: false }
  for (;;) {
    const keys = await tx.listKeys('overlay', rest, READ_BATCH)
    for (const key of keys) {
      const [name, id] = key as readonly string[] as readonly [string, string]
      names.push({ collection: name, id })
    }
    if (keys.length < READ_BATCH) return names
    rest = { ...rest, lower: keys.at(-1) as RowKey, isLowerOpen: true }
  }
}

/**
 * Rebase: computes the overlay of records anew from base and outbox, both as they stand in this transaction. A record that no
 * pending mutation touches any more leaves the overlay.
 */
export async function rebaseOverlay(
  tx: RowWriter,
  { schema }: Pick<StoreContext, 'schema'>,
  generation: number,
  records: readonly RecordName[],
  log: ChangeLog,
): Promise<void> {
  const bases = await tx.getMany(
    'base',
    records.map(({ collection, id }) => [generation, collection, id]),
  )
  const pending = await Promise.all(records.map((record) => listTouching(tx, record)))
  for (const [index, record] of records.entries()) {
    const touching = pending[index] as readonly OutboxRow[]
    const last = touching.at(-1)
    const base: JsonObject | null = bases[index]?.value ?? null
    const view = rebaseRecord(base, opsOn(record, touching), findCollection(schema, record.collection))
    if (last === undefined) tx.delete('overlay', [record.collection, record.id])
    else putOverlay(tx, record, view, last.mutationId)
    log.record(record.collection, record.id, view)
  }
}

/** All pending mutations, in order. */
export function listOutbox(tx: RowReader): Promise<OutboxRow[]> {
  return listAll(tx, 'outbox', { lower: 0, upper: Number.MAX_SAFE_INTEGER }, (row) => row.order)
}

/** The records that mutations touch. */
export function touchedBy(mutations: Iterable<{ readonly ops: readonly Op[] }>): RecordSet {
  const records = new RecordSet()
  for (const mutation of mutations) records.addAll(mutation.ops)
  return records
}
