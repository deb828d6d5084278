import { type JsonObject, type JsonValue, isJsonObject, setField } from '../json.ts'
import { LIMITS } from '../limits.ts'

/** Why a value is outside the value domain, and where. */
export interface ValueFault {
  readonly ok: false
  /** JSON pointer (RFC 6901) to the fault; '' is the value itself. */
  readonly path: string
  /** What is wrong there, for people. */
  readonly message: string
}

/** The checked copy, or the fault. */
export type ValueCheck<T> = { readonly ok: true; readonly value: T } | ValueFault

/**
 * Checks that a value reads back bit for bit everywhere (docs/protocol.md, «The value domain») and copies it into plain objects and
 * arrays. −0 becomes 0; a field that is undefined is left out, as JSON does. Refused, with the path: lone surrogates, U+0000, NaN,
 * ±Infinity, bigint, undefined in arrays, functions, symbols, Date, Map, class instances, more than {@link LIMITS}.depth levels or
 * {@link LIMITS}.nodes fields and elements.
 */
export function checkValue(value: unknown): ValueCheck<JsonValue> {
  const budget = { nodes: LIMITS.nodes }
  return check(value, 1, budget)
}

/** As {@link checkValue}, for a record or a patch: the value must be an object. */
export function checkObject(value: unknown): ValueCheck<JsonObject> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('must be an object')
  return checkValue(value) as ValueCheck<JsonObject>
}

/** As {@link checkObject}, for what was just parsed and nobody else holds: it is copied only if something of it has to be different. */
export function checkParsed(value: unknown): ValueCheck<JsonObject> {
  const isFine = isJsonObject(value) && isInDomain(value, 1, { nodes: LIMITS.nodes })
  return isFine ? { ok: true, value } : checkObject(value)
}

/** True for a string that both sides can store: well-formed Unicode without U+0000. */
export function isStorableString(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000')
}

/** True for a name of an account or a space: a storable string of 1 to {@link LIMITS}.nameLength units. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length >= 1 && name.length <= LIMITS.nameLength && isStorableString(name)
}

/** True for a record id: a storable string of 1 to {@link LIMITS}.idLength units. */
export function isRecordId(id: unknown): id is string {
  return typeof id === 'string' && id.length >= 1 && id.length <= LIMITS.idLength && isStorableString(id)
}

/** True if {@link check} finds nothing wrong, and its copy would be just the same. */
function isInDomain(value: unknown, depth: number, budget: { nodes: number }): boolean {
  if (typeof value === 'string') return isStorableString(value)
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== 'object') return typeof value === 'boolean'
  if (value === null) return true
  if (depth > LIMITS.depth) return false
  if (Array.isArray(value)) {
    budget.nodes -= value.length
    if (budget.nodes < 0) return false
    // By index, for the holes of a sparse array.
    for (let index = 0; index < value.length; index += 1) {
      if (!isInDomain(value[index], depth + 1, budget)) return false
    }
    return true
  }
  if (!isPlain(value)) return false
  for (const field of Object.keys(value)) {
    budget.nodes -= 1
    if (budget.nodes < 0 || !isStorableString(field)) return false
    if (!isInDomain((value as Record<string, unknown>)[field], depth + 1, budget)) return false
  }
  return true
}

/** Paths are relative to the value and grow on the way back: most values are good, and paths would cost more than the checks. */
function check(value: unknown, depth: number, budget: { nodes: number }): ValueCheck<JsonValue> {
  switch (typeof value) {
    case 'string':
      return checkString(value)
    case 'number':
      if (!Number.isFinite(value)) return fault('must be a finite number')
      return { ok: true, value: value === 0 ? 0 : value }
    case 'boolean':
      return { ok: true, value }
    case 'object':
      if (value === null) return { ok: true, value }
      if (depth > LIMITS.depth) return fault(`is nested deeper than ${LIMITS.depth} levels`)
      return Array.isArray(value)
        ? checkArray(value, depth, budget)
        : checkFields(value as Record<string, unknown>, depth, budget)
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      return fault(`must be JSON, not ${typeof value}`)
  }
}

function checkString(text: string): ValueCheck<string> {
  if (!text.isWellFormed()) return fault('has a lone surrogate: it is not well-formed Unicode')
  if (text.includes('\u0000')) return fault('has the character U+0000')
  return { ok: true, value: text }
}

function checkArray(array: readonly unknown[], depth: number, budget: { nodes: number }): ValueCheck<JsonValue> {
  budget.nodes -= array.length
  if (budget.nodes < 0) return fault(`has more than ${LIMITS.nodes} fields and elements`)
  const copy: JsonValue[] = []
  // By index: an array method would skip the holes of a sparse array.
  for (let index = 0; index < array.length; index += 1) {
    const result = check(array[index], depth + 1, budget)
    if (!result.ok) return within(String(index), result)
    copy.push(result.value)
  }
  return { ok: true, value: copy }
}

function checkFields(object: Record<string, unknown>, depth: number, budget: { nodes: number }): ValueCheck<JsonValue> {
  if (!isPlain(object)) return fault(`must be a plain object, not ${describe(object)}`)
  const copy: Record<string, JsonValue> = {}
  for (const field of Object.keys(object)) {
    const value = object[field]
    if (value === undefined) continue
    budget.nodes -= 1
    if (budget.nodes < 0) return fault(`has more than ${LIMITS.nodes} fields and elements`)
    if (!isStorableString(field)) {
      return within(field, fault('has a name with a lone surrogate or U+0000'))
    }
    const result = check(value, depth + 1, budget)
    if (!result.ok) return within(field, result)
    setField(copy, field, result.value)
  }
  return { ok: true, value: copy }
}

/** Plain also where the object comes from another realm (an iframe), whose Object.prototype is not ours. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'hasOwnProperty')
}

function describe(object: object): string {
  const name: unknown = (object as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'a class instance'
}

function escapePointer(field: string): string {
  return field.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')
}

function fault(message: string): ValueFault {
  return { ok: false, path: '', message }
}

/** A fault as the value around it sees it. */
function within(field: string, { path, message }: ValueFault): ValueFault {
  return { ok: false, path: `/${escapePointer(field)}${path}`, message }
}
