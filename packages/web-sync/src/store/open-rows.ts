import type { SchemaShape } from 'sync-protocol'
import type { StoreContext } from './context.ts'
import { baseIndexKeys, overlayIndexKeys } from './index-keys.ts'
import { type RowKey, type RowKeyRange, prefixRange } from './keys.ts'
import type { RowDatabase, RowWriter } from './row-database.ts'
import type { SchemaRow } from './rows.ts'
import { checkOwner, initialSync, readMeta } from './sync-row.ts'

/** Rows that one step gives new index entries. */
const REKEY_BATCH = 500

/**
 * Makes the rows fit the schema: a new store gets its first row; another account's is refused, a newer one too, and nothing is
 * changed; where indexes differ, rows get new index entries in short steps that go on after a crash. Outbox and records stay.
 * Returns when queries can be answered.
 */
export async function openRows(
  database: RowDatabase,
  context: StoreContext,
  evictedAtMs: number | null,
): Promise<void> {
  let isReady = await database.write('strict', (tx) => beginOpening(tx, context, evictedAtMs))
  while (!isReady) isReady = await database.write('relaxed', (tx) => rekeyStep(tx, context))
}

async function beginOpening(tx: RowWriter, context: StoreContext, evictedAtMs: number | null): Promise<boolean> {
  const sync = await readMeta(tx, 'sync')
  if (sync === undefined) {
    tx.put('meta', initialSync(context, evictedAtMs))
    tx.put('meta', { key: 'schema', shape: context.schema, rekeying: null })
    return true
  }
  checkOwner(sync, context)
  if (sync.schemaVersion < context.schema.version) tx.put('meta', { ...sync, schemaVersion: context.schema.version })
  const schema = (await readMeta(tx, 'schema')) as SchemaRow
  if (isSameShape(schema.shape, context.schema)) return schema.rekeying === null
  const isRekeyed = !isSameIndexes(schema.shape, context.schema)
  tx.put('meta', {
    key: 'schema',
    shape: context.schema,
    rekeying: isRekeyed ? { store: 'base', after: null } : schema.rekeying,
  })
  return !isRekeyed && schema.rekeying === null
}

/** Gives the next rows their index entries; true if all have them. */
async function rekeyStep(tx: RowWriter, context: StoreContext): Promise<boolean> {
  const schema = (await readMeta(tx, 'schema')) as SchemaRow
  const { rekeying } = schema
  if (rekeying === null) return true
  const all = prefixRange()
  const range: RowKeyRange = rekeying.after === null ? all : { ...all, lower: rekeying.after, isLowerOpen: true }
  const after = rekeying.store === 'base' ? await rekeyBase(tx, context, range) : await rekeyOverlay(tx, context, range)
  if (after !== null) {
    tx.put('meta', { ...schema, rekeying: { ...rekeying, after } })
    return false
  }
  const next: SchemaRow['rekeying'] = rekeying.store === 'base' ? { store: 'overlay', after: null } : null
  tx.put('meta', { ...schema, rekeying: next })
  return next === null
}

async function rekeyBase(tx: RowWriter, context: StoreContext, range: RowKeyRange): Promise<RowKey | null> {
  const rows = await tx.list('base', { range, limit: REKEY_BATCH })
  for (const row of rows) {
    tx.put('base', { ...row, ix: baseIndexKeys(context.schema, row.generation, row.collection, row.value) })
  }
  const last = rows.at(-1)
  return last === undefined || rows.length < REKEY_BATCH ? null : [last.generation, last.collection, last.id]
}

async function rekeyOverlay(tx: RowWriter, context: StoreContext, range: RowKeyRange): Promise<RowKey | null> {
  const rows = await tx.list('overlay', { range, limit: REKEY_BATCH })
  for (const row of rows) tx.put('overlay', { ...row, ix: overlayIndexKeys(context.schema, row.collection, row.value) })
  const last = rows.at(-1)
  return last === undefined || rows.length < REKEY_BATCH ? null : [last.collection, last.id]
}

function isSameShape(a: SchemaShape, b: SchemaShape): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function isSameIndexes(a: SchemaShape, b: SchemaShape): boolean {
  return indexesToText(a) === indexesToText(b)
}

function indexesToText(shape: SchemaShape): string {
  return JSON.stringify(shape.collections.map((collection) => [collection.name, collection.indexes]))
}
