import type { JsonObject, JsonValue } from 'web-sync-protocol'
import type { Condition, Query } from './contract/index.ts'

/**
 * An independent answer to a query: filter and sort over all records. `fields` are those of its index; `behind` is the record that its
 * cursor was made of, as it was then (default: there is no cursor).
 */
export function naiveQuery(
  all: readonly JsonObject[],
  query: Query,
  fields: readonly string[],
  behind: JsonObject | null = null,
): readonly JsonObject[] {
  const sign = query.direction === 'desc' ? -1 : 1
  const order = (x: JsonObject, y: JsonObject): number => {
    for (const field of fields) {
      const difference = compare(x[field], y[field])
      if (difference !== 0) return sign * difference
    }
    if (x['id'] === y['id']) return 0
    return sign * ((x['id'] as string) < (y['id'] as string) ? -1 : 1)
  }
  const found = all.filter((value) =>
    Object.entries(query.where ?? {}).every(([field, condition]) => holds(value[field], condition)),
  )
  const rest = behind === null ? found : found.filter((value) => order(value, behind) > 0)
  return rest.toSorted(order).slice(0, query.limit)
}

function kind(value: JsonValue | undefined): number {
  if (value === undefined || value === null) return 0
  return ['boolean', 'number', 'string', 'object'].indexOf(typeof value) + 1
}

function compare(x: JsonValue | undefined, y: JsonValue | undefined): number {
  if (kind(x) !== kind(y)) return kind(x) - kind(y)
  if (kind(x) === 0 || kind(x) === 4) return 0
  const [left, right] = [x as string, y as string]
  if (left === right) return 0
  return left < right ? -1 : 1
}

function holds(value: JsonValue | undefined, condition: Condition): boolean {
  if (condition === null || typeof condition !== 'object') return kind(value) !== 4 && compare(value, condition) === 0
  const same = (bound: JsonValue | undefined): boolean => bound === undefined || kind(bound) === kind(value)
  const { gt, gte, lt, lte, prefix } = condition
  if (!same(gt) || !same(gte) || !same(lt) || !same(lte)) return false
  if (gt !== undefined && compare(value, gt) <= 0) return false
  if (gte !== undefined && compare(value, gte) < 0) return false
  if (lt !== undefined && compare(value, lt) >= 0) return false
  if (lte !== undefined && compare(value, lte) > 0) return false
  if (prefix !== undefined && !(typeof value === 'string' && value.startsWith(prefix))) return false
  return condition.in === undefined || condition.in.some((scalar) => holds(value, scalar))
}
