import { type RowKey, type RowKeyRange, compareKeys, isInRange } from '../keys.ts'
import type { Selection } from '../row-database.ts'
import type { GroupedName, Rows } from '../rows.ts'

/** A row of any of the stores that are kept in groups. */
export type GroupedRow = Rows[GroupedName]

interface Entry {
  readonly key: RowKey
  readonly row: GroupedRow
}

/** The rows of one store in memory, in the order of their keys, and by their index keys. */
export class GroupedTable {
  readonly #entries = new Map<string, Entry>()
  readonly #rowsByIndexKey = new Map<string, readonly GroupedRow[]>()
  /** All entries in their order; null: some have changed since they were sorted. */
  #sorted: readonly Entry[] | null = null

  get(key: RowKey): GroupedRow | undefined {
    return this.#entries.get(nameOf(key))?.row
  }

  /** Puts a row, or removes it (null). Returns what was there. */
  set(key: RowKey, row: GroupedRow | null): GroupedRow | null {
    const name = nameOf(key)
    const before = this.#entries.get(name)?.row ?? null
    this.#sorted = null
    if (row === null) this.#entries.delete(name)
    else this.#entries.set(name, { key, row })
    if (before !== null) for (const index of indexNames(before)) this.#leave(index, before)
    if (row !== null) for (const index of indexNames(row)) this.#rowsByIndexKey.set(index, [...this.#at(index), row])
    return before
  }

  /** Entries by key, ascending; a null range: all. */
  list(range: RowKeyRange | null): readonly Entry[] {
    // They are sorted but for a few, which is when sorting is cheap.
    this.#sorted ??= [...this.#entries.values()].toSorted((a, b) => compareKeys(a.key, b.key))
    return range === null ? this.#sorted : this.#sorted.filter(({ key }) => isInRange(key, range))
  }

  /** Rows by key, or by one index key, or by a range of index keys; then they are in the ascending order of their own keys. */
  select({ range, byIndex = false, direction = 'asc', limit }: Selection): readonly GroupedRow[] {
    const found = byIndex ? this.#selectByIndex(range) : this.list(range).map(({ row }) => row)
    return (direction === 'asc' ? found : found.toReversed()).slice(0, limit)
  }

  /** How many rows there are, or how many {@link GroupedTable.select} finds. */
  count(range: RowKeyRange | null, byIndex: boolean): number {
    return range === null ? this.#entries.size : this.select({ range, byIndex, limit: Infinity }).length
  }

  #selectByIndex(range: RowKeyRange): readonly GroupedRow[] {
    if (compareKeys(range.lower, range.upper) !== 0) {
      const isFound = ({ row }: Entry): boolean => indexKeys(row).some((key) => isInRange(key, range))
      return this.list(null).flatMap((entry) => (isFound(entry) ? [entry.row] : []))
    }
    const found = this.#at(nameOf(range.lower))
    // Accepted mutations that return to the outbox are older than what is there.
    return found.length < 2 ? found : found.toSorted((a, b) => orderOf(a) - orderOf(b))
  }

  #at(index: string): readonly GroupedRow[] {
    return this.#rowsByIndexKey.get(index) ?? []
  }

  #leave(index: string, row: GroupedRow): void {
    const left = this.#at(index).filter((other) => other !== row)
    if (left.length === 0) this.#rowsByIndexKey.delete(index)
    else this.#rowsByIndexKey.set(index, left)
  }
}

function indexKeys(row: GroupedRow): readonly RowKey[] {
  return 'ix' in row ? row.ix : []
}

function indexNames(row: GroupedRow): string[] {
  return indexKeys(row).map(nameOf)
}

/** A key as one text: all of its parts but the last are names without a `/`. */
function nameOf(key: RowKey): string {
  return typeof key === 'object' ? key.join('/') : String(key)
}

function orderOf(row: GroupedRow): number {
  return 'order' in row ? row.order : 0
}
