import { type IDBPObjectStore, type IDBPTransaction, unwrap } from 'idb'
import type { RowKey, RowKeyRange } from '../keys.ts'
import { READ_BATCH, type RowWriter, type Selection } from '../row-database.ts'
import type { Rows, StoreName } from '../rows.ts'
import { compareKeys } from './door.ts'

/** A transaction over all stores. */
export type IdbTransaction = IDBPTransaction<unknown, string[], 'readwrite'>

/** What is asked of a store, `getAllRecords` included, which is not everywhere yet. */
interface Source {
  getAll(query: IDBKeyRange, count: number): Promise<unknown[]>
  getAllKeys(query: IDBKeyRange | null, count?: number): Promise<RowKey[]>
  count(query?: IDBKeyRange): Promise<number>
  readonly getAllRecords?: (options: {
    readonly query: IDBKeyRange
    readonly count: number
    readonly direction: 'prev'
  }) => Promise<readonly { readonly value: unknown }[]>
}

/** Rows of one IndexedDB transaction. `onProgress` is called whenever the database has answered. */
export function createRowWriter(tx: IdbTransaction, onProgress: () => void): RowWriter {
  const storeOf = (name: StoreName): IDBPObjectStore<unknown, string[], StoreName, 'readwrite'> => tx.objectStore(name)
  // Without promises: whether a write held is said by the transaction, for a request that fails aborts it. Thousands in one page.
  const raw = unwrap(tx)
  const writers = new Map<StoreName, IDBObjectStore>()
  const writerOf = (name: StoreName): IDBObjectStore => {
    const writer = writers.get(name) ?? raw.objectStore(name)
    writers.set(name, writer)
    return writer
  }
  const sourceOf = (name: StoreName): Source => storeOf(name) as unknown as Source
  const answered = async <T>(request: Promise<T>): Promise<T> => {
    const result = await request
    onProgress()
    return result
  }
  const getOne = async <Name extends StoreName>(name: Name, key: RowKey): Promise<Rows[Name] | undefined> =>
    (await storeOf(name).get(toIdbKey(key))) as Rows[Name] | undefined
  return {
    get: (name, key) => answered(getOne(name, key)),
    getMany: (name, keys) => answered(Promise.all(keys.map((key) => getOne(name, key)))),
    list: async <Name extends StoreName>(name: Name, selection: Selection) => {
      const source = sourceOf(name)
      const read = selection.direction === 'desc' ? listDescending : listAscending
      return (await answered(read(source, storeOf(name), selection))) as Rows[Name][]
    },
    // Async: what the platform throws is a rejection, also of the second of two requests that are made in one expression.
    listKeys: async (name, range, limit) =>
      answered(sourceOf(name).getAllKeys(range === null ? null : toIdbRange(range), toCount(limit))),
    count: async (name, range) =>
      answered(
        isEmptyRange(range) ? Promise.resolve(0) : sourceOf(name).count(range === null ? undefined : toIdbRange(range)),
      ),
    put: (name, row) => void writerOf(name).put(row),
    delete: (name, key) => void writerOf(name).delete(toIdbKey(key)),
    deleteRange: (name, range) => void writerOf(name).delete(toIdbRange(range)),
    clear: (name) => void writerOf(name).clear(),
  }
}

interface KeyedStore {
  get(key: IDBValidKey): Promise<unknown>
}

async function listAscending(source: Source, _store: KeyedStore, selection: Selection): Promise<unknown[]> {
  if (isEmptyRange(selection.range)) return []
  return source.getAll(toIdbRange(selection.range), toCount(selection.limit))
}

/**
 * The last rows of a range, last first. Where the platform cannot read backwards without a cursor (26 times slower in WebKit), all
 * keys of the range are read, which is cheap beside the rows.
 */
async function listDescending(source: Source, store: KeyedStore, selection: Selection): Promise<unknown[]> {
  if (isEmptyRange(selection.range)) return []
  const query = toIdbRange(selection.range)
  if (typeof source.getAllRecords === 'function') {
    const records = await source.getAllRecords({ query, count: toCount(selection.limit), direction: 'prev' })
    return records.map((record) => record.value)
  }
  const keys = await source.getAllKeys(query)
  const last = keys.slice(-Math.min(selection.limit, READ_BATCH)).toReversed()
  return Promise.all(last.map((key) => store.get(toIdbKey(key))))
}

/** IndexedDB throws for a range that can hold nothing. */
function isEmptyRange(range: RowKeyRange | null): boolean {
  if (range === null) return false
  const order = compareKeys(toIdbKey(range.lower), toIdbKey(range.upper))
  return order > 0 || (order === 0 && (range.isLowerOpen === true || range.isUpperOpen === true))
}

function toIdbRange(range: RowKeyRange): IDBKeyRange {
  const { lower, upper, isLowerOpen = false, isUpperOpen = false } = range
  return IDBKeyRange.bound(toIdbKey(lower), toIdbKey(upper), isLowerOpen, isUpperOpen)
}

function toIdbKey(key: RowKey): IDBValidKey {
  return key as IDBValidKey
}

/** The largest count of IndexedDB. */
function toCount(limit: number): number {
  return Math.min(limit, 0xffff_ffff)
}
