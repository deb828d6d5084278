import type { RowKey, RowKeyRange } from '../keys.ts'
import type { RowWriter, Selection } from '../row-database.ts'
import {
  type GroupedName,
  KEY_PATHS,
  type LayoutRow,
  type Rows,
  type StoreName,
  type SyncRow,
  isGrouped,
} from '../rows.ts'
import type { GroupChange } from './group-text.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { GroupedRow, GroupedTable } from './grouped-table.ts'

/** Rows of `meta` that were read when the transaction began, as it sees them. */
export type KnownMeta = Map<'sync' | 'layout', SyncRow | LayoutRow | undefined>

/**
 * One transaction: the small stores' rows as if each of them had a row of its own, see {@link GroupedRows}; all other stores are passed
 * through, but for the rows of `meta` that are known already.
 */
export class GroupedWriter implements RowWriter {
  readonly #tx: RowWriter
  readonly #grouped: GroupedRows
  readonly #meta: KnownMeta
  readonly #changes: GroupChange[] = []

  constructor(tx: RowWriter, grouped: GroupedRows, meta: KnownMeta) {
    this.#tx = tx
    this.#grouped = grouped
    this.#meta = meta
  }

  async get<Name extends StoreName>(store: Name, key: RowKey): Promise<Rows[Name] | undefined> {
    if (isGrouped(store)) return this.#table(store).get(key) as Rows[Name] | undefined
    if (store === 'meta' && isKnown(key)) return this.#meta.get(key) as Rows[Name] | undefined
    return this.#tx.get(store, key)
  }

  async getMany<Name extends StoreName>(store: Name, keys: readonly RowKey[]): Promise<(Rows[Name] | undefined)[]> {
    if (!isGrouped(store)) return this.#tx.getMany(store, keys)
    const table = this.#table(store)
    return keys.map((key) => table.get(key) as Rows[Name] | undefined)
  }

  async list<Name extends StoreName>(store: Name, selection: Selection): Promise<Rows[Name][]> {
    return isGrouped(store) ? (this.#table(store).select(selection) as Rows[Name][]) : this.#tx.list(store, selection)
  }

  async listKeys(store: StoreName, range: RowKeyRange | null, limit: number): Promise<RowKey[]> {
    if (!isGrouped(store)) return this.#tx.listKeys(store, range, limit)
    return this.#keysOf(store, range, limit)
  }

  async count(store: StoreName, range: RowKeyRange | null, byIndex = false): Promise<number> {
    return isGrouped(store) ? this.#table(store).count(range, byIndex) : this.#tx.count(store, range)
  }

  put<Name extends StoreName>(store: Name, row: Rows[Name]): void {
    if (isGrouped(store)) return this.#set(store, keyOf(store, row as GroupedRow), row as GroupedRow)
    if (store === 'meta' && isKnown((row as Rows['meta']).key)) this.#meta.set((row as SyncRow).key, row as SyncRow)
    this.#tx.put(store, row)
  }

  delete(store: StoreName, key: RowKey): void {
    if (!isGrouped(store)) this.#tx.delete(store, key)
    else if (this.#table(store).get(key) !== undefined) this.#set(store, key, null)
  }

  deleteRange(store: StoreName, range: RowKeyRange): void {
    if (!isGrouped(store)) return this.#tx.deleteRange(store, range)
    for (const key of this.#keysOf(store, range, Infinity)) this.#set(store, key, null)
  }

  clear(store: StoreName): void {
    if (!isGrouped(store)) return this.#tx.clear(store)
    for (const key of this.#keysOf(store, null, Infinity)) this.#set(store, key, null)
  }

  /** Writes what was changed; to be called when the transaction's work is done. */
  flush(): void {
    if (this.#changes.length > 0) this.#grouped.write(this.#tx, this.#changes)
  }

  #set(store: GroupedName, key: RowKey, row: GroupedRow | null): void {
    this.#grouped.set(store, key, row)
    this.#changes.push([store, key, row])
  }

  #keysOf(store: GroupedName, range: RowKeyRange | null, limit: number): RowKey[] {
    return this.#table(store)
      .list(range)
      .slice(0, limit)
      .map(({ key }) => key)
  }

  #table(store: GroupedName): GroupedTable {
    return this.#grouped.tables.get(store) as GroupedTable
  }
}

function isKnown(key: RowKey): key is 'sync' | 'layout' {
  return key === 'sync' || key === 'layout'
}

/** The primary key of a row. */
function keyOf(store: GroupedName, row: GroupedRow): RowKey {
  const path = KEY_PATHS[store]
  const fields = row as unknown as Readonly<Record<string, RowKey>>
  return typeof path === 'string' ? (fields[path] as RowKey) : path.map((field) => fields[field] as RowKey)
}
