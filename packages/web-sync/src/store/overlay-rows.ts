import { type Op, type RecordVersion, type View, rebaseRecord } from 'web-sync-protocol'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { findCollection } from './index-keys.ts'
import { type RowKey, prefixRange } from './keys.ts'
import { READ_BATCH, type RowReader, type RowWriter, listAll } from './row-database.ts'
import { type RecordName, RecordSet, nameToText } from './record-names.ts'
import type { BaseRow, OutboxRow, OverlayImage, OverlayRow } from './rows.ts'
import { readSync } from './sync-row.ts'

/** Pending mutations that touch a record, oldest first. */
export function listTouching(tx: RowReader, record: RecordName): Promise<OutboxRow[]> {
  const key: RowKey = ['touch', record.collection, record.id]
  return tx.list('outbox', { range: { lower: key, upper: key }, byIndex: true, limit: Number.MAX_SAFE_INTEGER })
}

/** The operations of mutations on one record, in order. */
export function opsOn(record: RecordName, mutations: readonly { readonly ops: readonly Op[] }[]): Op[] {
  return mutations.flatMap(({ ops }) => ops.filter((op) => op.collection === record.collection && op.id === record.id))
}

/** Stores a record's view in the overlay; `more.lastMutation`: the last pending one that touches it. */
export function putOverlay(
  tx: RowWriter,
  { collection, id }: RecordName,
  value: View,
  more: Pick<OverlayRow, 'lastMutation' | 'madeOn' | 'image'>,
): void {
  const { lastMutation, madeOn, image } = more
  const hides = madeOn === undefined ? {} : { madeOn }
  tx.put('overlay', { collection, id, value, lastMutation, ...hides, ...(image === undefined ? {} : { image }) })
}

/** See {@link OverlayRow.madeOn}: what it is after these operations, `before` them it was this. */
export function findMadeOn(ops: readonly Op[], before?: RecordVersion | null): RecordVersion | null | undefined {
  const whole = ops.findLast(({ op }) => op === 'insert' || op === 'put')
  return whole === undefined ? before : whole.base
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
 * pending mutation touches any more leaves the overlay. `images`: what an older database showed of some of them.
 */
export async function rebaseOverlay(
  tx: RowWriter,
  { schema }: Pick<StoreContext, 'schema'>,
  generation: number,
  records: readonly RecordName[],
  notice: NoticeBuilder,
  images: readonly (RecordName & OverlayImage)[] = [],
): Promise<void> {
  const bases = await tx.getMany(
    'base',
    records.map(({ collection, id }) => [generation, collection, id]),
  )
  const standIns = await findImages(tx, records, bases, images)
  const pending = await Promise.all(records.map((record) => listTouching(tx, record)))
  for (const [index, record] of records.entries()) {
    const touching = pending[index] as readonly OutboxRow[]
    const last = touching.at(-1)
    const base = bases[index]
    const image = standIns[index]
    const ops =
      image === undefined
        ? opsOnBase(record, base, touching)
        : opsOn(
            record,
            touching.filter(({ order }) => order >= image.before),
          )
    const view = rebaseRecord(image?.value ?? base?.value ?? null, ops, findCollection(schema, record.collection))
    if (last === undefined) tx.delete('overlay', [record.collection, record.id])
    else putOverlay(tx, record, view, { lastMutation: last.mutationId, madeOn: findMadeOn(ops), image })
    notice.record(record.collection, record.id, view)
  }
}

/** What stands in for the partner's copy of each record; undefined: nothing, it is here, or is known not to be there. */
async function findImages(
  tx: RowReader,
  records: readonly RecordName[],
  bases: readonly (BaseRow | undefined)[],
  images: readonly (RecordName & OverlayImage)[],
): Promise<(OverlayImage | undefined)[]> {
  const given = new Map(images.map(({ value, before, ...name }) => [nameToText(name), { value, before }]))
  const rows = await tx.getMany(
    'overlay',
    records.map(({ collection, id }): RowKey => [collection, id]),
  )
  const found = records.map((record, index) => newest(given.get(nameToText(record)), rows[index]?.image))
  if (!found.some((image, index) => image !== undefined && bases[index] === undefined))
    return bases.map(() => undefined)
  const { settledCollections } = await readSync(tx)
  return found.map((image, index) => {
    const isNeeded = bases[index] === undefined && !settledCollections.includes(records[index]?.collection ?? '')
    return isNeeded ? image : undefined
  })
}

function newest(a: OverlayImage | undefined, b: OverlayImage | undefined): OverlayImage | undefined {
  return a === undefined || (b !== undefined && b.before > a.before) ? b : a
}

/** Operations that are shown: one that comes late has no effect where the record is not what it was made on (the partner refuses it). */
function opsOnBase(record: RecordName, base: BaseRow | undefined, touching: readonly OutboxRow[]): Op[] {
  const ops: Op[] = []
  let last = base?.mutationId ?? null
  for (const row of touching) {
    for (const op of opsOn(record, [row])) {
      const isAsBased =
        (ops.length === 0 && op.base === (base?.version ?? null)) || (last !== null && op.baseMutation === last)
      if (row.isLate === true && !isAsBased) continue
      ops.push(op)
      last = row.mutationId
    }
  }
  return ops
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
