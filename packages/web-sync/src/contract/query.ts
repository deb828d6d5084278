import type { JsonObject } from 'web-sync-protocol'

/** A value that an index can order and a condition can compare. Order: null and missing, false, true, numbers, strings, the rest. */
export type Scalar = string | number | boolean | null

/** A condition on one field: a scalar means «equal». All parts must hold. */
export type Condition =
  | Scalar
  | {
      readonly gt?: Scalar
      readonly gte?: Scalar
      readonly lt?: Scalar
      readonly lte?: Scalar
      readonly in?: readonly Scalar[]
      /** Strings that begin so. */
      readonly prefix?: string
    }

/** A query over one collection. Plain data, so it can cross to the worker and be compared. */
export interface Query {
  readonly collection: string
  /** A declared index: gives the order. Default: the order is by id, whatever is read. Ties are ordered by id. */
  readonly index?: string
  /** Default 'asc'. */
  readonly direction?: 'asc' | 'desc'
  /** Field → condition. Those on an index's leading fields narrow what is read, the others filter it. Default: all records. */
  readonly where?: Readonly<Record<string, Condition>>
  /** At most so many records. Default: all. */
  readonly limit?: number
  /**
   * A cursor, {@link QueryResult.next} of a query with the same collection and index: only what follows it. Its record may have gone
   * meanwhile. Default: from the beginning.
   */
  readonly after?: string
}

/** What a query found. */
export interface QueryResult<Value> {
  readonly records: readonly Value[]
  /** True while the first sync has not brought everything yet: more may come. */
  readonly isPartial: boolean
  /** The cursor that goes on after the last record; null: fewer than `limit` were found, so there is nothing after it. */
  readonly next: string | null
}

/** What changed in a live query's result; first of all the whole of it. */
export interface ResultChange<Value> extends QueryResult<Value> {
  /**
   * Positions of `records`, which are new or different, in the result as it is now, ascending; all others keep their order. null:
   * `records` is the whole result.
   */
  readonly at: readonly number[] | null
  /** Ids of records that left, or that were different. */
  readonly removed: readonly string[]
}

/** How a query is answered. */
export interface QueryExplanation {
  /** The same in words. */
  readonly text: string
  /** The index that is read; null: the records themselves, by id. */
  readonly index: string | null
  /** How many ranges of it are read; 0: nothing can be found. */
  readonly ranges: number
  /** Conditions that the ranges decide. */
  readonly narrowing: Readonly<Record<string, Condition>>
  /** Conditions that each record that is read is tested with. */
  readonly residual: Readonly<Record<string, Condition>>
  /** Fields of the result's order, the most significant first; the last one is `id`. */
  readonly order: readonly string[]
  readonly direction: 'asc' | 'desc'
  /** True: all that is found is read and sorted by id. False: it is read in the result's order, up to the limit. */
  readonly isSorted: boolean
  /** null: all. */
  readonly limit: number | null
}

/** A record that a transaction changed, as it is seen afterwards; null: it is not there any more. */
export interface RecordChange {
  readonly collection: string
  readonly id: string
  readonly value: JsonObject | null
}
