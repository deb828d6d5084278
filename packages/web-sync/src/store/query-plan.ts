import { type JsonObject, type JsonValue, type SchemaShape, getField } from 'sync-protocol'
import { type Condition, type Query, type Scalar, SyncError } from '../contract/index.ts'
import { RANKS, findCollection, recordToParts, valueToPart } from './index-keys.ts'
import { AFTER_ALL, type RowKey, type RowKeyRange, compareKeys } from './keys.ts'

/** How a query is answered. */
export interface QueryPlan {
  readonly collection: string
  /** The index that gives the order; null: by id. */
  readonly index: string | null
  readonly fields: readonly string[]
  readonly direction: 'asc' | 'desc'
  /** Ranges of parts (of the index, or [id]) in the order in which they are read; they do not overlap. */
  readonly ranges: readonly RowKeyRange[]
  /** What the ranges do not decide. */
  readonly residual: readonly (readonly [field: string, condition: Condition])[]
  readonly limit: number
}

/** Plans a query. Throws `unknown-collection` or `invalid-query`, saying what to correct. */
export function planQuery(shape: SchemaShape, query: Query): QueryPlan {
  const declared = findCollection(shape, query.collection)
  if (declared === undefined) throw unknownCollection(query.collection)
  const index = query.index ?? null
  if (index !== null && !Object.hasOwn(declared.indexes, index)) {
    throw invalidQuery(`The collection '${query.collection}' declares no index '${index}'.`)
  }
  const fields = index === null ? [] : (declared.indexes[index] as readonly string[])
  const direction = query.direction ?? 'asc'
  if (direction !== 'asc' && direction !== 'desc') throw invalidQuery("direction must be 'asc' or 'desc'.")
  const where = Object.entries(query.where ?? {})
  for (const [field, condition] of where) checkCondition(field, condition)
  const conditions = new Map(where)
  const narrowed = index === null ? narrowById(conditions) : narrowByIndex(fields, conditions)
  const ranges = direction === 'desc' ? narrowed.ranges.toReversed() : narrowed.ranges
  const residual = where.filter(([field]) => !narrowed.used.has(field))
  return { collection: query.collection, index, fields, direction, ranges, residual, limit: checkLimit(query.limit) }
}

/** The error for a collection that the schema does not declare. */
export function unknownCollection(name: string): SyncError {
  return new SyncError(
    'unknown-collection',
    `The schema declares no collection '${name}': add it, or correct the name.`,
  )
}

/** True if a record fulfils conditions. A comparison holds only between values of one kind: `{ gt: 5 }` finds no strings. */
export function isMatch(value: JsonObject, conditions: QueryPlan['residual']): boolean {
  return conditions.every(([field, condition]) => isFieldMatch(getField(value, field), condition))
}

/** Orders two records as a plan's ascending order does. */
export function compareRecords(fields: readonly string[], a: JsonObject, b: JsonObject): number {
  return compareKeys(recordToParts(fields, a['id'] as string, a), recordToParts(fields, b['id'] as string, b))
}

function isFieldMatch(value: JsonValue | undefined, condition: Condition): boolean {
  if (!isBounds(condition)) return isSame(value, condition)
  const { gt, gte, lt, lte, prefix } = condition
  if (condition.in !== undefined && !condition.in.some((scalar) => isSame(value, scalar))) return false
  if (prefix !== undefined && !(typeof value === 'string' && value.startsWith(prefix))) return false
  if (gt !== undefined && !(isSameKind(value, gt) && order(value, gt) > 0)) return false
  if (gte !== undefined && !(isSameKind(value, gte) && order(value, gte) >= 0)) return false
  if (lt !== undefined && !(isSameKind(value, lt) && order(value, lt) < 0)) return false
  return lte === undefined || (isSameKind(value, lte) && order(value, lte) <= 0)
}

function isBounds(condition: Condition): condition is Exclude<Condition, Scalar> {
  return typeof condition === 'object' && condition !== null
}

function isSame(value: JsonValue | undefined, scalar: Scalar): boolean {
  const part = valueToPart(value)
  return part[0] !== RANKS.other && compareKeys(part, valueToPart(scalar)) === 0
}

function isSameKind(value: JsonValue | undefined, scalar: Scalar): boolean {
  return kindOf(valueToPart(value)[0]) === kindOf(valueToPart(scalar)[0])
}

/** False and true are two ranks of one kind. */
function kindOf(rank: number): number {
  return rank === RANKS.true ? RANKS.false : rank
}

function order(value: JsonValue | undefined, scalar: Scalar): number {
  return compareKeys(valueToPart(value), valueToPart(scalar))
}

// --- ranges

interface Narrowed {
  readonly ranges: readonly RowKeyRange[]
  /** Fields whose conditions the ranges decide. */
  readonly used: ReadonlySet<string>
}

/** Equalities on leading fields, then one `in`, bound or prefix, narrow what is read. */
function narrowByIndex(fields: readonly string[], conditions: ReadonlyMap<string, Condition>): Narrowed {
  const used = new Set<string>()
  const prefix: RowKey[] = []
  for (const field of fields) {
    const condition = conditions.get(field)
    if (condition === undefined) break
    used.add(field)
    if (isBounds(condition)) {
      const ranges = partRanges(condition).map((range) => extend(prefix, range))
      return { ranges, used }
    }
    prefix.push(valueToPart(condition))
  }
  return { ranges: [{ lower: prefix, upper: [...prefix, AFTER_ALL] }], used }
}

/** Puts the equal leading parts before a range of one part; what follows the part in the key belongs to it. */
function extend(prefix: readonly RowKey[], range: RowKeyRange): RowKeyRange {
  const lower = [...prefix, range.lower, ...(range.isLowerOpen === true ? [AFTER_ALL] : [])]
  const upper = [...prefix, range.upper, ...(range.isUpperOpen === true ? [] : [AFTER_ALL])]
  return { lower, upper }
}

/** Ranges of one part that hold exactly the values that fulfil the condition, ascending. */
function partRanges(condition: Exclude<Condition, Scalar>): RowKeyRange[] {
  if (condition.in !== undefined) {
    const parts = condition.in
      .filter((scalar) => isFieldMatch(scalar, { ...condition, in: [scalar] }))
      .map((scalar): RowKey => valueToPart(scalar))
      .toSorted(compareKeys)
    const distinct = parts.filter((part, at) => at === 0 || compareKeys(parts[at - 1] as RowKey, part) !== 0)
    return distinct.map((part) => ({ lower: part, upper: part }))
  }
  let range: RowKeyRange = { lower: [RANKS.null], upper: [RANKS.other], isUpperOpen: false }
  const { gt, gte, lt, lte, prefix } = condition
  for (const bound of [gt, gte, lt, lte]) if (bound !== undefined) range = intersect(range, kindRange(bound))
  if (gt !== undefined) range = intersect(range, { ...range, lower: valueToPart(gt), isLowerOpen: true })
  if (gte !== undefined) range = intersect(range, { ...range, lower: valueToPart(gte), isLowerOpen: false })
  if (lt !== undefined) range = intersect(range, { ...range, upper: valueToPart(lt), isUpperOpen: true })
  if (lte !== undefined) range = intersect(range, { ...range, upper: valueToPart(lte), isUpperOpen: false })
  if (prefix !== undefined) range = intersect(range, prefixPartRange(prefix))
  const size = compareKeys(range.lower, range.upper)
  const isEmpty = size > 0 || (size === 0 && (range.isLowerOpen === true || range.isUpperOpen === true))
  return isEmpty ? [] : [range]
}

/** All values of a bound's kind. */
function kindRange(bound: Scalar): RowKeyRange {
  if (bound === null) return { lower: [RANKS.null], upper: [RANKS.null] }
  if (typeof bound === 'boolean') return { lower: [RANKS.false], upper: [RANKS.true] }
  if (typeof bound === 'number') return { lower: [RANKS.number], upper: [RANKS.string], isUpperOpen: true }
  return { lower: [RANKS.string], upper: [RANKS.other], isUpperOpen: true }
}

function prefixPartRange(prefix: string): RowKeyRange {
  const next = nextString(prefix)
  const upper: RowKey = next === null ? [RANKS.other] : [RANKS.string, next]
  return { lower: [RANKS.string, prefix], upper, isUpperOpen: true }
}

/** The smallest string that is larger than all that begin with the prefix; null: there is none. */
function nextString(prefix: string): string | null {
  for (let end = prefix.length; end > 0; end -= 1) {
    const unit = prefix.charCodeAt(end - 1)
    if (unit < 0xffff) return prefix.slice(0, end - 1) + String.fromCharCode(unit + 1)
  }
  return null
}

function intersect(a: RowKeyRange, b: RowKeyRange): RowKeyRange {
  const low = compareKeys(a.lower, b.lower)
  const high = compareKeys(a.upper, b.upper)
  const isLowerOpen =
    low === 0 ? a.isLowerOpen === true || b.isLowerOpen === true : (low > 0 ? a : b).isLowerOpen === true
  const isUpperOpen =
    high === 0 ? a.isUpperOpen === true || b.isUpperOpen === true : (high < 0 ? a : b).isUpperOpen === true
  return { lower: low >= 0 ? a.lower : b.lower, upper: high <= 0 ? a.upper : b.upper, isLowerOpen, isUpperOpen }
}

/** Without an index records are ordered by id: an id that must equal something is looked up, all else is read in order. */
function narrowById(conditions: ReadonlyMap<string, Condition>): Narrowed {
  const condition = conditions.get('id')
  if (typeof condition === 'string')
    return { ranges: [{ lower: [condition], upper: [condition] }], used: new Set(['id']) }
  return { ranges: [{ lower: [], upper: [AFTER_ALL] }], used: new Set() }
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

function invalidQuery(message: string): SyncError {
  return new SyncError('invalid-query', message)
}
