import type { Condition, Scalar } from '../contract/index.ts'
import { RANKS, valueToPart } from './index-keys.ts'
import { AFTER_ALL, type RowKey, type RowKeyRange, compareKeys } from './keys.ts'
import { isBounds, isFieldMatch } from './query-match.ts'

/** What conditions make of an index, or of the order by id. */
export interface Narrowed {
  /** Ranges of parts, ascending; they do not overlap. */
  readonly ranges: readonly RowKeyRange[]
  /** Fields whose conditions the ranges decide. */
  readonly used: ReadonlySet<string>
  /** The parts that all that is found begins with: those of equalities on leading fields. */
  readonly fixed: readonly RowKey[]
}

/** Equalities on leading fields, then one `in`, bound or prefix, narrow what is read. */
export function narrowByIndex(fields: readonly string[], conditions: ReadonlyMap<string, Condition>): Narrowed {
  const used = new Set<string>()
  const prefix: RowKey[] = []
  for (const field of fields) {
    const condition = conditions.get(field)
    if (condition === undefined) break
    used.add(field)
    if (isBounds(condition)) {
      const ranges = partRanges(condition).map((range) => extend(prefix, range))
      return { ranges, used, fixed: prefix }
    }
    prefix.push(valueToPart(condition))
  }
  return { ranges: [{ lower: prefix, upper: [...prefix, AFTER_ALL] }], used, fixed: prefix }
}

/** Without an index records are read by id: conditions on it narrow what is read. An id is always a string. */
export function narrowById(conditions: ReadonlyMap<string, Condition>): Narrowed {
  const condition = conditions.get('id')
  const whole = { lower: [], upper: [AFTER_ALL] }
  if (condition === undefined) return { ranges: [whole], used: new Set(), fixed: [] }
  const parts = partRanges(isBounds(condition) ? condition : { in: [condition] })
  const ranges = clipRanges(parts, kindRange('')).map((range) => {
    const [lower, upper] = [range.lower as readonly RowKey[], range.upper as readonly RowKey[]]
    return { ...range, lower: lower.slice(1), upper: upper[0] === RANKS.other ? [AFTER_ALL] : upper.slice(1) }
  })
  return { ranges, used: new Set(['id']), fixed: [] }
}

/** What lies in both ranges. */
export function clipRanges(ranges: readonly RowKeyRange[], to: RowKeyRange): RowKeyRange[] {
  return ranges.map((range) => intersect(range, to)).filter((range) => !isEmptyRange(range))
}

function isEmptyRange({ lower, upper, isLowerOpen, isUpperOpen }: RowKeyRange): boolean {
  const size = compareKeys(lower, upper)
  return size > 0 || (size === 0 && (isLowerOpen === true || isUpperOpen === true))
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
  return isEmptyRange(range) ? [] : [range]
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
