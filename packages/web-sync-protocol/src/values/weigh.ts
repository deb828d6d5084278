import type { JsonValue } from '../json.ts'

/** Text of so many units is as much work as one field. */
const UNITS_PER_FIELD = 256

/**
 * How much work it is to read, copy, check or compare a value, counted and not timed: its fields and elements, and one more for each 256
 * units of text.
 */
export function weigh(value: JsonValue): number {
  if (typeof value === 'string') return 1 + Math.floor(value.length / UNITS_PER_FIELD)
  if (typeof value !== 'object' || value === null) return 1
  let weight = 1
  if (Array.isArray(value)) {
    for (const element of value as readonly JsonValue[]) weight += weigh(element)
    return weight
  }
  for (const field of Object.keys(value)) {
    weight +=
      Math.floor(field.length / UNITS_PER_FIELD) + weigh((value as Readonly<Record<string, JsonValue>>)[field] ?? null)
  }
  return weight
}
