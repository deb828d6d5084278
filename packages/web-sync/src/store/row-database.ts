import type { RowKey, RowKeyRange } from './keys.ts'
import type { Rows, StoreName } from './rows.ts'

/** Which rows, in which order, how many at most. */
export interface Selection {
  readonly range: RowKeyRange
  /** True: the range is one of index keys; only of packed and grouped rows, see {@link Rows}. Default: of primary keys. */
  readonly byIndex?: boolean
  readonly direction?: 'asc' | 'desc'
  readonly limit: number
}

/** The most rows that are read by one request: more would block others and fill the memory. */
export const READ_BATCH = 1_000

/** Reading inside a transaction. */
export interface RowReader {
  get<Name extends StoreName>(store: Name, key: RowKey): Promise<Rows[Name] | undefined>
  /** One answer for each key, in their order. */
  getMany<Name extends StoreName>(store: Name, keys: readonly RowKey[]): Promise<(Rows[Name] | undefined)[]>
  list<Name extends StoreName>(store: Name, selection: Selection): Promise<Rows[Name][]>
  /** Primary keys, ascending. */
  listKeys(store: StoreName, range: RowKeyRange | null, limit: number): Promise<RowKey[]>
  /** Rows, or index entries (of packed and grouped rows); a null range: all rows. */
  count(store: StoreName, range: RowKeyRange | null, byIndex?: boolean): Promise<number>
}

/** Writing inside a transaction: nothing is awaited, whether it held is said by the transaction as a whole. */
export interface RowWriter extends RowReader {
  put<Name extends StoreName>(store: Name, row: Rows[Name]): void
  delete(store: StoreName, key: RowKey): void
  deleteRange(store: StoreName, range: RowKeyRange): void
  clear(store: StoreName): void
}

/**
 * Rows with atomic transactions, one at a time. This is all that the two stores differ in.
 *
 * `work` must await nothing but its transaction, and may be called again if its transaction failed. If it throws, nothing is changed and the promise rejects with what it threw; if the
 * platform aborts, the promise rejects with a SyncError 'quota-exceeded' or 'storage-failed'. It resolves when the transaction is
 * complete: `strict`: on the disk, as far as the platform can promise that. `onComplete` is called right then, before another transaction
 * of this context begins: the promise is heard of when the next one may be under way.
 */
export interface RowDatabase {
  read<T>(work: (tx: RowReader) => Promise<T>): Promise<T>
  write<T>(durability: 'strict' | 'relaxed', work: (tx: RowWriter) => Promise<T>, onComplete?: () => void): Promise<T>
  /** Waits for what is under way; later use rejects with 'closed'. */
  close(): Promise<void>
}

/** All rows of a selection, read in batches; for stores that stay small, and for tests. */
export async function listAll<Name extends StoreName>(
  tx: RowReader,
  store: Name,
  range: RowKeyRange,
  keyOf: (row: Rows[Name]) => RowKey,
  byIndex = false,
): Promise<Rows[Name][]> {
  const rows: Rows[Name][] = []
  let rest = range
  for (;;) {
    const batch = await tx.list(store, { range: rest, byIndex, limit: READ_BATCH })
    rows.push(...batch)
    if (batch.length < READ_BATCH) return rows
    rest = { ...range, lower: keyOf(batch.at(-1) as Rows[Name]), isLowerOpen: true }
  }
}

/** All rows of a store that is keyed by a number. */
export function listByNumber<Name extends 'outbox' | 'journal' | 'refused' | 'undo' | 'stages'>(
  tx: RowReader,
  store: Name,
  fromNumber = 0,
): Promise<Rows[Name][]> {
  const keyOf = (row: Rows[Name]): RowKey => {
    if ('order' in row) return row.order
    return 'step' in row ? row.step : row.seq
  }
  return listAll(tx, store, { lower: fromNumber, upper: Number.MAX_SAFE_INTEGER }, keyOf)
}
