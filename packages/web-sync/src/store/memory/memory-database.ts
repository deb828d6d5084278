import { createMutex } from '../fifo-mutex.ts'
import type { RowKey, RowKeyRange } from '../keys.ts'
import type { RowDatabase, RowWriter, Selection } from '../row-database.ts'
import { KEY_PATHS, type Rows, STORE_NAMES, type StoreName } from '../rows.ts'
import { SortedMap } from './sorted-map.ts'

/** Rows in memory: what several stores of one «device» share. */
export interface MemoryDatabase extends Pick<RowDatabase, 'read' | 'write'> {
  /** The same rows in a database of its own: a cloned profile, or the state that a power loss goes back to. */
  copy(): MemoryDatabase
}

type AnyRow = Rows[StoreName]

interface Table {
  readonly rows: SortedMap<AnyRow>
  /** (index key, primary key) → row. */
  readonly index: SortedMap<AnyRow>
}

type Tables = Readonly<Record<StoreName, Table>>

/** Undoes one write. */
type Undo = () => void

/** Creates an empty database in memory. */
export function createMemoryDatabase(): MemoryDatabase {
  return openTables(makeTables(() => ({ rows: new SortedMap(), index: new SortedMap() })))
}

function makeTables(make: (name: StoreName) => Table): Tables {
  return Object.fromEntries(STORE_NAMES.map((name) => [name, make(name)])) as unknown as Tables
}

function openTables(tables: Tables): MemoryDatabase {
  const mutex = createMutex()
  const run = <T>(work: (tx: RowWriter) => Promise<T>): Promise<T> =>
    mutex.run(async () => {
      const undo: Undo[] = []
      try {
        return await work(createTransaction(tables, undo))
      } catch (error) {
        for (const step of undo.toReversed()) step()
        throw error
      }
    })
  return {
    read: run,
    write: (_durability, work) => run(work),
    copy: () =>
      openTables(makeTables((name) => ({ rows: tables[name].rows.copy(), index: tables[name].index.copy() }))),
  }
}

function createTransaction(tables: Tables, undo: Undo[]): RowWriter {
  const remove = (store: StoreName, key: RowKey): void => {
    const before = setRow(tables[store], key, undefined)
    if (before !== undefined) undo.push(() => setRow(tables[store], key, before))
  }
  const removeRange = (store: StoreName, range: RowKeyRange | null): void => {
    const keys = [...tables[store].rows.entries(range)].map(([key]) => key)
    for (const key of keys) remove(store, key)
  }
  return {
    get: (store, key) => Promise.resolve(tables[store].rows.get(key) as Rows[typeof store] | undefined),
    getMany: (store, keys) =>
      Promise.resolve(keys.map((key) => tables[store].rows.get(key) as Rows[typeof store] | undefined)),
    list: (store, selection) => Promise.resolve(listRows(tables[store], selection) as Rows[typeof store][]),
    listKeys: (store, range, limit) =>
      Promise.resolve([...take(tables[store].rows.entries(range), limit)].map(([key]) => key)),
    count: (store, range, byIndex = false) => Promise.resolve(countRows(tables[store], range, byIndex)),
    put: (store, row) => {
      const key = keyOfRow(store, row)
      const before = setRow(tables[store], key, row)
      undo.push(() => setRow(tables[store], key, before))
    },
    delete: remove,
    deleteRange: removeRange,
    clear: (store) => removeRange(store, null),
  }
}

/** Puts a row, or removes it (undefined), index entries included; returns the row before. */
function setRow(table: Table, key: RowKey, row: AnyRow | undefined): AnyRow | undefined {
  const before = row === undefined ? table.rows.delete(key) : table.rows.set(key, row)
  for (const entry of entriesOf(before)) table.index.delete([entry, key])
  if (row !== undefined) for (const entry of entriesOf(row)) table.index.set([entry, key], row)
  return before
}

function entriesOf(row: AnyRow | undefined): readonly RowKey[] {
  return row !== undefined && 'ix' in row ? row.ix : []
}

/** The primary key of a row. */
function keyOfRow(store: StoreName, row: AnyRow): RowKey {
  const path = KEY_PATHS[store]
  const fields = row as unknown as Readonly<Record<string, RowKey>>
  return typeof path === 'string' ? (fields[path] as RowKey) : path.map((field) => fields[field] as RowKey)
}

function listRows(table: Table, selection: Selection): AnyRow[] {
  const direction = selection.direction ?? 'asc'
  const map = selection.byIndex === true ? table.index : table.rows
  const range = selection.byIndex === true ? indexRange(selection.range) : selection.range
  return [...take(map.entries(range, direction), selection.limit)].map(([, row]) => row)
}

function countRows(table: Table, range: RowKeyRange | null, byIndex: boolean): number {
  const map = byIndex ? table.index : table.rows
  if (range === null) return map.size
  return [...map.entries(byIndex ? indexRange(range) : range)].length
}

/** A range of index keys as a range of (index key, primary key): every primary key sorts between [] … and an array of arrays. */
function indexRange(range: RowKeyRange): RowKeyRange {
  const afterKey: RowKey = [[[]]]
  return {
    lower: range.isLowerOpen === true ? [range.lower, afterKey] : [range.lower],
    upper: range.isUpperOpen === true ? [range.upper] : [range.upper, afterKey],
  }
}

function* take<T>(source: Iterable<T>, limit: number): Generator<T> {
  let taken = 0
  if (limit <= 0) return
  for (const element of source) {
    yield element
    taken += 1
    if (taken >= limit) return
  }
}
