import { type RowKey, type RowKeyRange, compareKeys, isInRange } from '../keys.ts'
import type { Selection } from '../row-database.ts'
import type { GroupedName, Rows } from '../rows.ts'
import { SortedMap } from '../sorted-map.ts'

/** A row of any of the stores that are kept in groups. */
export type GroupedRow = Rows[GroupedName]

/** The rows of one store in memory, in the order of their keys, and by their index keys. */
export class GroupedTable {
  readonly rows: SortedMap<GroupedRow> = new SortedMap()
  readonly #rowsByIndexKey = new Map<string, readonly GroupedRow[]>()

  /** Puts a row, or removes it (null). Returns what was there. */
  set(key: RowKey, row: GroupedRow | null): GroupedRow | null {
    const before = (row === null ? this.rows.delete(key) : this.rows.set(key, row)) ?? null
    if (before !== null) for (const name of indexNames(before)) this.#leave(name, before)
    if (row !== null) for (const name of indexNames(row)) this.#rowsByIndexKey.set(name, [...this.#at(name), row])
    return before
  }

  /** Rows by key, or by one index key, or by a range of index keys; in the order of their own keys in any case. */
  list({ range, byIndex = false, direction = 'asc', limit }: Selection): GroupedRow[] {
    const found = byIndex ? this.#listByIndex(range) : take(this.rows.entries(range, direction), limit)
    return found.slice(0, limit)
  }

  /** How many rows {@link GroupedTable.list} would find; a null range: all. */
  count(range: RowKeyRange | null, byIndex: boolean): number {
    return range === null ? this.rows.size : this.list({ range, byIndex, limit: Infinity }).length
  }

  #listByIndex(range: RowKeyRange): GroupedRow[] {
    const isOne = compareKeys(range.lower, range.upper) === 0
    const found = isOne
      ? [...this.#at(nameOf(range.lower))]
      : take(this.rows.entries(null), Infinity).filter((row) => indexKeys(row).some((key) => isInRange(key, range)))
    // Accepted mutations that return to the outbox are older than what is there.
    return found.length < 2 ? found : found.toSorted((a, b) => orderOf(a) - orderOf(b))
  }

  #at(name: string): readonly GroupedRow[] {
    return this.#rowsByIndexKey.get(name) ?? []
  }

  #leave(name: string, row: GroupedRow): void {
    const left = this.#at(name).filter((other) => other !== row)
    if (left.length === 0) this.#rowsByIndexKey.delete(name)
    else this.#rowsByIndexKey.set(name, left)
  }
}

function take(entries: Iterable<readonly [RowKey, GroupedRow]>, limit: number): GroupedRow[] {
  const rows: GroupedRow[] = []
  if (limit <= 0) return rows
  for (const [, row] of entries) if (rows.push(row) >= limit) break
  return rows
}

function indexKeys(row: GroupedRow): readonly RowKey[] {
  return 'ix' in row ? row.ix : []
}

function indexNames(row: GroupedRow): string[] {
  return indexKeys(row).map(nameOf)
}

/** An index key as one text: all of its parts but the last are names without a `/`. */
function nameOf(key: RowKey): string {
  return (key as readonly RowKey[]).join('/')
}

function orderOf(row: GroupedRow): number {
  if ('order' in row) return row.order
  return 'seq' in row ? row.seq : 0
}
