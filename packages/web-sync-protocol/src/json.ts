/** A JSON value inside the value domain (see values/check-value.ts). */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A JSON object inside the value domain. */
export interface JsonObject {
  readonly [field: string]: JsonValue
}

/** True for a JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Sets an own field, also one named `__proto__`: plain assignment would change the prototype instead, and the field would be lost.
 */
export function setField(target: Record<string, unknown>, field: string, value: unknown): void {
  if (field === '__proto__') {
    Object.defineProperty(target, field, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[field] = value
  }
}

/** An own field's value, or undefined; never one inherited from the prototype. */
export function getField(object: JsonObject, field: string): JsonValue | undefined {
  return Object.hasOwn(object, field) ? object[field] : undefined
}

/** True if two values are equal as JSON: the order of fields does not matter, that of elements does. */
export function isEqualJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((element, index) => isEqualJson(element as JsonValue, b[index] as JsonValue))
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const fields = Object.keys(a)
  if (fields.length !== Object.keys(b).length) return false
  return fields.every((field) => Object.hasOwn(b, field) && isEqualJson(a[field] as JsonValue, b[field] as JsonValue))
}

/** One text for all equal values: fields in code-unit order, no white space. For digests of content, never for the wire. */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map((element) => canonicalJson(element as JsonValue)).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const fields = Object.keys(value).toSorted()
  return `{${fields.map((field) => `${JSON.stringify(field)}:${canonicalJson(value[field] as JsonValue)}`).join(',')}}`
}
