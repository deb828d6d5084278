import { fitRecord, type SchemaShape } from 'web-sync-protocol'
import type { StorageRecovery } from '../contract/index.ts'
import type { StoreContext } from './context.ts'
import { GroupedRows } from './grouped/grouped-rows.ts'
import { findCollection } from './index-keys.ts'
import { type RowKey, type RowKeyRange, prefixRange } from './keys.ts'
import { listOverlayNames } from './overlay-rows.ts'
import { PackedWriter } from './packed/packed-writer.ts'
import type { RowDatabase, RowWriter } from './row-database.ts'
import type { BaseRow, Rekeying, SchemaRow, StoreName, SyncRow } from './rows.ts'
import { countGiven } from './row-order.ts'
import { closedError } from './runner.ts'
import { checkMoved, checkOwner, damagedError, initialSync, readMeta } from './sync-row.ts'

/** A store is copied to this database, and nobody has come to the end yet. Nothing was changed. */
export class UnfinishedCopyError extends Error {
  override readonly name = 'UnfinishedCopyError'
}

/** What is special about an opening. */
export interface OpeningNews {
  /** Which database it is of those that replaced each other, from 1. */
  readonly age: number
  /** When the rows are found to be gone though this context had them, milliseconds since 1970; null: they may be new. */
  readonly evictedAtMs: number | null
  /** Why there is a new database; null: it is no substitute, or another context has made it. */
  readonly recovery: StorageRecovery | null
  /** True: rows were there and are missing without the browser's doing. If all of them are, the store was emptied on purpose: 'closed'. */
  readonly isEmptied: boolean
}

/**
 * Makes the rows fit the schema: a new store gets its first row; another account's is refused, a newer one too, and nothing is
 * changed; where indexes differ they are made anew, in short steps that go on after a crash. Outbox and records stay. Returns when queries can be answered.
 */
export async function openRows(database: RowDatabase, context: StoreContext, news: OpeningNews): Promise<void> {
  const step = (
    durability: 'strict' | 'relaxed',
    work: (tx: PackedWriter, raw: RowWriter) => Promise<boolean>,
  ): Promise<boolean> =>
    database.write(durability, async (raw) => {
      const tx = new PackedWriter(raw, context.schema, context.packSizes)
      const isReady = await work(tx, raw)
      await tx.flush()
      return isReady
    })
  let isReady = await step('strict', (tx, raw) => beginOpening(tx, raw, context, news))
  while (!isReady) {
    isReady = await step('relaxed', (tx) => rekeyStep(tx, context))
  }
}

async function beginOpening(
  tx: PackedWriter,
  raw: RowWriter,
  context: StoreContext,
  { age, evictedAtMs, recovery, isEmptied }: OpeningNews,
): Promise<boolean> {
  const sync = await readMeta(tx, 'sync')
  checkMoved(sync)
  if (sync === undefined && (await readMeta(tx, 'moving')) !== undefined) {
    throw isEmptied ? closedError() : new UnfinishedCopyError()
  }
  await checkWhole(raw, sync)
  if (sync === undefined) {
    if (isEmptied) throw closedError()
    const first = initialSync(context, age, evictedAtMs)
    tx.put('meta', recovery === null ? first : { ...first, recovery })
    tx.put('meta', { key: 'schema', shape: context.schema, rekeying: null })
    return true
  }
  checkOwner(sync, context)
  if (sync.schemaVersion < context.schema.version) tx.put('meta', { ...sync, schemaVersion: context.schema.version })
  const schema = await readMeta(tx, 'schema')
  if (schema === undefined) throw damagedError()
  if (isSameShape(schema.shape, context.schema)) return schema.rekeying === null
  const rekeying = planRekeying(schema, context.schema)
  const before = listIndexes(schema.shape)
  const after = listIndexes(context.schema)
  await tx.dropIndexes((name) => before.get(name) === after.get(name) && rekeying?.indexes.includes(name) !== true)
  tx.put('meta', { key: 'schema', shape: context.schema, rekeying })
  await fitOverlay(raw, context)
  return rekeying === null
}

/** What pending writes of an earlier version have made is seen as this version would have made it; the writes stay as they are. */
async function fitOverlay(raw: RowWriter, { schema }: StoreContext): Promise<void> {
  const tx = await new GroupedRows().begin(raw)
  const names = await listOverlayNames(tx)
  const rows = await tx.getMany(
    'overlay',
    names.map(({ collection, id }): RowKey => [collection, id]),
  )
  for (const row of rows) {
    if (row === undefined || row.value === null) continue
    tx.put('overlay', { ...row, value: fitRecord(findCollection(schema, row.collection), row.value) })
  }
  tx.flush()
}

/** Throws if some stores have lost their rows while others have not: nothing of that may be built on. */
async function checkWhole(raw: RowWriter, sync: SyncRow | undefined): Promise<void> {
  const isEmpty = async (store: StoreName): Promise<boolean> => (await raw.listKeys(store, null, 1)).length === 0
  if (sync === undefined) {
    const empty = await Promise.all((['packs', 'base', 'groups', 'undo', 'salvage'] as const).map(isEmpty))
    if (empty.includes(false)) throw damagedError()
    return
  }
  const layout = await readMeta(raw, 'layout')
  const hasEntries = layout?.trees.some(({ layers }) => layers.some(({ entries }) => entries > 0)) === true
  const hasWritten = countGiven(sync.nextOrder) > 0 || (await hasInherited(raw))
  // Once something was written there is a group: stages are remembered, and copies are groups, too.
  const hasLost = await Promise.all([hasEntries && isEmpty('packs'), hasWritten && isEmpty('groups')])
  if (hasLost.includes(true)) throw damagedError()
}

/** True if an older database left something that is here now. */
async function hasInherited(raw: RowWriter): Promise<boolean> {
  return (await readMeta(raw, 'inherited'))?.list.some(({ hasLeft }) => hasLeft) === true
}

/** Which indexes have to be made for the new shape; null: none. One that was under way may have stopped anywhere. */
function planRekeying(schema: SchemaRow, shape: SchemaShape): Rekeying | null {
  const before = listIndexes(schema.shape)
  const unfinished = schema.rekeying?.indexes ?? []
  const indexes = [...listIndexes(shape)].flatMap(([name, fields]) => {
    return before.get(name) !== fields || unfinished.includes(name) ? [name] : []
  })
  const grown = shape.collections.flatMap(({ name, renamed, defaults }) => {
    const earlier = findCollection(schema.shape, name)
    const isSame = JSON.stringify([renamed, defaults]) === JSON.stringify([earlier?.renamed, earlier?.defaults])
    return !isSame || schema.rekeying?.grown.includes(name) === true ? [name] : []
  })
  return indexes.length + grown.length === 0 ? null : { after: null, indexes, grown }
}

/** The fields of each index, by `collection/index`. */
function listIndexes(shape: SchemaShape): ReadonlyMap<string, string> {
  return new Map(
    shape.collections.flatMap(({ name, indexes }) => {
      return Object.entries(indexes).map(([index, fields]) => [`${name}/${index}`, JSON.stringify(fields)] as const)
    }),
  )
}

/** Gives the next records their index entries, and the fields of this version; true if all have them. */
async function rekeyStep(tx: PackedWriter, { packSizes }: StoreContext): Promise<boolean> {
  // A copy of what is changed meanwhile would be a copy of nothing.
  checkMoved(await readMeta(tx, 'sync'))
  const schema = (await readMeta(tx, 'schema')) as SchemaRow
  const { rekeying } = schema
  if (rekeying === null) return true
  const { after, indexes, grown } = rekeying
  const all = prefixRange()
  const range: RowKeyRange = after === null ? all : { ...all, lower: after, isLowerOpen: true }
  let rows = await tx.list('base', { range, limit: packSizes.stepRows })
  if (grown.length > 0) {
    // Writing them again fits them.
    for (const row of rows) if (grown.includes(row.collection)) tx.put('base', row)
    rows = (await tx.getMany(
      'base',
      rows.map(({ generation, collection, id }): RowKey => [generation, collection, id]),
    )) as BaseRow[]
  }
  await tx.index(rows, (name) => indexes.includes(name))
  const last = rows.at(-1)
  const isDone = last === undefined || rows.length < packSizes.stepRows
  const next = isDone ? null : { ...rekeying, after: [last.generation, last.collection, last.id] }
  tx.put('meta', { ...schema, rekeying: next })
  return isDone
}

function isSameShape(a: SchemaShape, b: SchemaShape): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
