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

/**
 * JSON merge patch (RFC 7396): fields of `patch` replace those of `target`, null removes one, objects merge field by field.
 * Neither argument is changed.
 */
export function applyMergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch
  const result: Record<string, JsonValue> = {}
  if (isJsonObject(target)) for (const field of Object.keys(target)) setField(result, field, target[field])
  for (const field of Object.keys(patch)) {
    const value = patch[field]
    if (value === undefined) continue
    if (value === null) delete result[field]
    else setField(result, field, applyMergePatch(getField(result, field), value))
  }
  return result
}

/**
 * The merge patch that turns `before` into `after`, or undefined if there is none: a merge patch cannot set a field to null
 * (null removes), so a value with a new null needs a `put`. An empty object means that they are equal.
 */
export function diffMergePatch(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const patch: Record<string, JsonValue> = {}
  for (const field of Object.keys(before)) if (!Object.hasOwn(after, field)) setField(patch, field, null)
  for (const field of Object.keys(after)) {
    const old = getField(before, field)
    const value = after[field] as JsonValue
    if (old !== undefined && isEqualJson(old, value)) continue
    if (isJsonObject(value) && isJsonObject(old)) {
      const inner = diffMergePatch(old, value)
      if (inner === undefined) return undefined
      setField(patch, field, inner)
    } else if (containsNull(value)) {
      return undefined
    } else {
      setField(patch, field, value)
    }
  }
  return patch
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

/** True if a null occurs anywhere outside arrays (inside an array a merge patch keeps it). */
function containsNull(value: JsonValue): boolean {
  if (value === null) return true
  if (!isJsonObject(value)) return false
  return Object.keys(value).some((field) => containsNull(value[field] as JsonValue))
}
