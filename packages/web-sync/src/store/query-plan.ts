import type { SchemaShape } from 'web-sync-protocol'
import { type Condition, type Query, SyncError } from '../contract/index.ts'
import { findCollection } from './index-keys.ts'
import { AFTER_ALL, type RowKey, type RowKeyRange } from './keys.ts'
import { invalidQuery, readCursor } from './query-cursor.ts'
import { type Conditions, isBounds } from './query-match.ts'
import { type Narrowed, clipRanges, narrowById, narrowByIndex } from './query-ranges.ts'

/** How a query is answered. */
export interface QueryPlan {
  readonly collection: string
  /** The index that is read; null: the records by id. */
  readonly index: string | null
  /** Fields of the index that is read. */
  readonly fields: readonly string[]
  /** Name and fields of the order that was asked for, before the id; by id: null and none. */
  readonly orderIndex: string | null
  readonly order: readonly string[]
  readonly direction: 'asc' | 'desc'
  /** Ranges of parts (of the index, or [id]) in the order in which they are read; they do not overlap. */
  readonly ranges: readonly RowKeyRange[]
  /** All conditions. */
  readonly where: Conditions
  /** What the ranges do not decide. */
  readonly residual: Conditions
  /** True if what is read does not come in the order: all that is found is sorted then. */
  readonly isSorted: boolean
  /** Parts in the order of the record that the result begins behind; null: from the beginning. */
  readonly after: readonly RowKey[] | null
  readonly limit: number
}

/**
 * Plans a query. The order is that of the named index, else by id. If none is named, an index whose fields all must equal something is
 * read, for its entries come by id; without a limit, failing that, the first one that narrows, and what it finds is sorted. With a limit the records are
 * read by id, for they are there in the right order. Throws `unknown-collection` or `invalid-query`, saying what to correct.
 */
export function planQuery(shape: SchemaShape, query: Query): QueryPlan {
  const declared = findCollection(shape, query.collection)
  if (declared === undefined) throw unknownCollection(query.collection)
  const { index: orderIndex = null, direction = 'asc' } = query
  if (orderIndex !== null && !Object.hasOwn(declared.indexes, orderIndex)) {
    throw invalidQuery(`The collection '${query.collection}' declares no index '${orderIndex}'.`)
  }
  if (direction !== 'asc' && direction !== 'desc') throw invalidQuery("direction must be 'asc' or 'desc'.")
  const where = Object.entries(query.where ?? {})
  for (const [field, condition] of where) checkCondition(field, condition)
  const limit = checkLimit(query.limit)
  const order = orderIndex === null ? [] : (declared.indexes[orderIndex] as readonly string[])
  const after = query.after === undefined ? null : readCursor(query.after, query.collection, orderIndex, order.length)

  const way = chooseWay(declared.indexes, orderIndex, new Map(where), limit)
  const { index, fields, isSorted, ranges, used, fixed } = way
  const clipped =
    after === null || isSorted
      ? ranges
      : clipRanges(ranges, rest(direction, index === orderIndex ? after : [...fixed, ...after]))
  return {
    collection: query.collection,
    index,
    fields,
    orderIndex,
    order,
    direction,
    ranges: direction === 'desc' ? clipped.toReversed() : clipped,
    where,
    residual: where.filter(([field]) => !used.has(field)),
    isSorted,
    after,
    limit,
  }
}

/** The error for a collection that the schema does not declare. */
export function unknownCollection(name: string): SyncError {
  return new SyncError(
    'unknown-collection',
    `The schema declares no collection '${name}': add it, or correct the name.`,
  )
}

interface Way extends Narrowed {
  readonly index: string | null
  readonly fields: readonly string[]
  readonly isSorted: boolean
}

/** What is read. */
function chooseWay(
  indexes: Readonly<Record<string, readonly string[]>>,
  named: string | null,
  conditions: ReadonlyMap<string, Condition>,
  limit: number,
): Way {
  const byIndex = (index: string): Way => {
    const fields = indexes[index] as readonly string[]
    const narrowed = narrowByIndex(fields, conditions)
    return { ...narrowed, index, fields, isSorted: named === null && narrowed.fixed.length < fields.length }
  }
  if (named !== null) return byIndex(named)
  const byId: Way = { ...narrowById(conditions), index: null, fields: [], isSorted: false }
  if (byId.used.size > 0) return byId
  const ways = Object.keys(indexes).map(byIndex)
  const streamed = ways.filter((way) => !way.isSorted).toSorted((a, b) => b.fixed.length - a.fixed.length)
  return streamed[0] ?? ways.find((way) => way.used.size > 0 && limit === Number.POSITIVE_INFINITY) ?? byId
}

/** All that follows a key in a direction. */
function rest(direction: 'asc' | 'desc', key: RowKey): RowKeyRange {
  return direction === 'asc'
    ? { lower: key, upper: [AFTER_ALL], isLowerOpen: true }
    : { lower: [], upper: key, isUpperOpen: true }
}

// --- the door

function checkCondition(field: string, condition: Condition): void {
  if (!isBounds(condition) || Array.isArray(condition)) return checkScalar(field, condition)
  const known = ['gt', 'gte', 'lt', 'lte', 'in', 'prefix']
  const unknown = Object.keys(condition).find((part) => !known.includes(part))
  if (unknown !== undefined) throw invalidQuery(`The condition on '${field}' has an unknown part '${unknown}'.`)
  const { gt, gte, lt, lte, prefix } = condition
  for (const bound of [gt, gte, lt, lte]) if (bound !== undefined) checkScalar(field, bound)
  if (condition.in !== undefined) {
    if (!Array.isArray(condition.in)) throw invalidQuery(`'in' of the condition on '${field}' must be an array.`)
    for (const scalar of condition.in) checkScalar(field, scalar)
  }
  if (prefix !== undefined && typeof prefix !== 'string') {
    throw invalidQuery(`'prefix' of the condition on '${field}' must be a string.`)
  }
}

function checkScalar(field: string, value: unknown): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number' && !Number.isNaN(value)) return
  throw invalidQuery(`The condition on '${field}' must compare with a string, number, boolean or null.`)
}

function checkLimit(limit: number | undefined): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY
  if (!Number.isSafeInteger(limit) || limit < 0) throw invalidQuery('limit must be an integer of at least 0.')
  return limit
}
