import { INITIAL_MEMORY } from 'web-sync-protocol'
import type { StoreContext } from './context.ts'
import { AFTER_ALL, type RowKey } from './keys.ts'
import type { RowDatabase, RowWriter } from './row-database.ts'
import { type MovingRow, type Rows, STORE_NAMES, type StoreName, type SyncRow } from './rows.ts'
import { readMeta } from './sync-row.ts'

/** Rows that one transaction copies: packs are the largest, and so many of them are some megabytes. */
const BATCH_ROWS = 32

/** A database of a former address of the partner. */
export interface FormerDatabase {
  readonly database: RowDatabase
  /** Name of the store that it belongs to, without a generation. */
  readonly storeName: string
  /** Name of the database. */
  readonly name: string
}

/** A database that takes its place. */
export interface HeirDatabase {
  readonly database: RowDatabase
  /** Name of the store that it belongs to, without a generation. */
  readonly storeName: string
}

/** What came of {@link copyStore}. `missing`: there is nothing to copy, or another context did it. */
export type CopyResult = 'copied' | 'missing'

/**
 * Copies a store to the database of another address of its partner, in short transactions. The first fences the former database, so
 * nobody writes there any more; the last one puts the first row, so before it the copy is no store, and after it the former one is
 * emptied. It can stop after any of them, and can be made by several contexts together: they copy the same rows, for these do not change
 * any more, and one of them puts the first row. Errors: of the two databases.
 */
export async function copyStore(from: FormerDatabase, to: HeirDatabase, context: StoreContext): Promise<CopyResult> {
  if (!(await fence(from, to))) return 'missing'
  const marker: MovingRow = { key: 'moving', from: from.storeName }
  const hasBegun = await to.database.write('relaxed', async (tx) => {
    if ((await readMeta(tx, 'sync')) !== undefined) return false
    tx.put('meta', marker)
    return true
  })
  if (!hasBegun) return 'missing'
  for (const store of STORE_NAMES) await copyRows(store, from, to)
  // Emptied meanwhile, by a sign-out: then what was copied is not whole.
  const sync = await from.database.read((tx) => readMeta(tx, 'sync'))
  if (sync?.movedTo !== to.storeName) return 'missing'
  await to.database.write('strict', async (tx) => {
    if (!(await isMoving(tx))) return
    tx.delete('meta', marker.key)
    tx.put('meta', toFirstRow(sync, from, context))
  })
  await from.database.write('strict', async (tx) => {
    for (const store of STORE_NAMES) tx.clear(store)
  })
  return 'copied'
}

/** True if there is a store that goes to this heir. */
async function fence(from: FormerDatabase, to: HeirDatabase): Promise<boolean> {
  return from.database.write('strict', async (tx) => {
    const sync = await readMeta(tx, 'sync')
    // One that was replaced is carried over by its successor, or by this heir.
    if (sync === undefined || (sync.isMoved === true && sync.movedTo !== to.storeName)) return false
    if (sync.isMoved !== true) tx.put('meta', { ...sync, isMoved: true, movedTo: to.storeName })
    return true
  })
}

async function copyRows(store: StoreName, from: FormerDatabase, to: HeirDatabase): Promise<void> {
  for (let after: RowKey | null = null; ;) {
    const range = after === null ? null : { lower: after, upper: AFTER_ALL, isLowerOpen: true }
    const { keys, rows } = await from.database.read(async (tx) => {
      const found = await tx.listKeys(store, range, BATCH_ROWS)
      return { keys: found, rows: await tx.getMany(store, found) }
    })
    const isOurs = await to.database.write('relaxed', async (tx) => {
      if (!(await isMoving(tx))) return false
      for (const row of rows) if (row !== undefined && isCopied(store, row)) tx.put(store, row)
      return true
    })
    if (!isOurs || keys.length < BATCH_ROWS) return
    after = keys.at(-1) as RowKey
  }
}

/** The first row comes last. */
function isCopied(store: StoreName, row: Rows[StoreName]): boolean {
  return store !== 'meta' || ('key' in row && row.key !== 'sync' && row.key !== 'moving')
}

/** False: another context has made a store of it. */
async function isMoving(tx: RowWriter): Promise<boolean> {
  return (await readMeta(tx, 'sync')) === undefined && (await readMeta(tx, 'moving')) !== undefined
}

/** All goes on as it was, but for what was waited for at the former address. */
function toFirstRow(sync: SyncRow, { name }: FormerDatabase, { endpoint }: StoreContext): SyncRow {
  const { isMoved: _isMoved, movedTo: _movedTo, estateId: _estateId, ...rest } = sync
  return { ...rest, endpoint, memory: INITIAL_MEMORY, carried: [...(sync.carried ?? []), name] }
}

/** Removes what was copied of a store that is not there any more; a store that was made meanwhile stays. */
export async function dropCopy({ database }: HeirDatabase): Promise<void> {
  await database.write('strict', async (tx) => {
    if (!(await isMoving(tx))) return
    for (const store of STORE_NAMES) tx.clear(store)
  })
}

/** Whether a database has a store, and if not, the name of the one that a copy was begun of; null: none was. */
export async function findUnfinished(
  database: RowDatabase,
): Promise<{ readonly isStore: boolean; readonly from: string | null }> {
  return database.read(async (tx) => {
    const [sync, moving] = [await readMeta(tx, 'sync'), await readMeta(tx, 'moving')]
    return { isStore: sync !== undefined, from: moving?.from ?? null }
  })
}
