import { type JsonObject, type JsonValue, getField } from 'web-sync-protocol'
import type { Condition, Scalar } from '../contract/index.ts'
import { RANKS, recordToParts, valueToPart } from './index-keys.ts'
import { compareKeys } from './keys.ts'

/** Conditions by field. */
export type Conditions = readonly (readonly [field: string, condition: Condition])[]

/** True if a record fulfils conditions. A comparison holds only between values of one kind: `{ gt: 5 }` finds no strings. */
export function isMatch(value: JsonObject, conditions: Conditions): boolean {
  return conditions.every(([field, condition]) => isFieldMatch(getField(value, field), condition))
}

/** Orders two records by fields, then by id, ascending. */
export function compareRecords(fields: readonly string[], a: JsonObject, b: JsonObject): number {
  return compareKeys(recordToParts(fields, a['id'] as string, a), recordToParts(fields, b['id'] as string, b))
}

/** True if a field's value fulfils a condition. */
export function isFieldMatch(value: JsonValue | undefined, condition: Condition): boolean {
  if (!isBounds(condition)) return isSame(value, condition)
  const { gt, gte, lt, lte, prefix } = condition
  if (condition.in !== undefined && !condition.in.some((scalar) => isSame(value, scalar))) return false
  if (prefix !== undefined && !(typeof value === 'string' && value.startsWith(prefix))) return false
  // NaN, where the kinds differ, fulfils none.
  if (gt !== undefined && !(order(value, gt) > 0)) return false
  if (gte !== undefined && !(order(value, gte) >= 0)) return false
  if (lt !== undefined && !(order(value, lt) < 0)) return false
  return lte === undefined || order(value, lte) <= 0
}

/** True if a condition is more than «equal». */
export function isBounds(condition: Condition): condition is Exclude<Condition, Scalar> {
  return typeof condition === 'object' && condition !== null
}

function isSame(value: JsonValue | undefined, scalar: Scalar): boolean {
  const part = valueToPart(value)
  return part[0] !== RANKS.other && compareKeys(part, valueToPart(scalar)) === 0
}

/** False and true are two ranks of one kind. */
function kindOf(rank: number): number {
  return rank === RANKS.true ? RANKS.false : rank
}

/** How a value compares with a scalar; NaN: not at all, they are of two kinds. */
function order(value: JsonValue | undefined, scalar: Scalar): number {
  const [part, other] = [valueToPart(value), valueToPart(scalar)]
  return kindOf(part[0]) === kindOf(other[0]) ? compareKeys(part, other) : Number.NaN
}
