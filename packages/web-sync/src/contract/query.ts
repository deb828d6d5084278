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
  /** A declared index: gives the order. Default: by id. Ties are ordered by id. */
  readonly index?: string
  /** Default 'asc'. */
  readonly direction?: 'asc' | 'desc'
  /** Field → condition. Those on the index's leading fields narrow what is read, the others filter it. Default: all records. */
  readonly where?: Readonly<Record<string, Condition>>
  /** At most so many records. Default: all. */
  readonly limit?: number
}

/** What a query found. */
export interface QueryResult<Value> {
  readonly records: readonly Value[]
  /** True while the first sync has not brought everything yet: more may come. */
  readonly isPartial: boolean
}
