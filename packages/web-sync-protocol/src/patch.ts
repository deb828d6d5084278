import { getField, isEqualJson, isJsonObject, type JsonObject, type JsonValue, setField } from './json.ts'
import { LIMITS } from './limits.ts'
import { checkObject, isStorableString, type ValueCheck } from './values/check-value.ts'

/** What an operation `patch` changes in a record (docs/decisions/0021-null-merges.md). */
export interface Patch {
  /** Fields to set. An object merges field by field; everything else, null and arrays included, replaces what is there. */
  readonly value: JsonObject
  /** JSON pointers (RFC 6901) to the fields that go; they go before `value` is merged. Missing: none. */
  readonly removed?: readonly string[]
}

/** What a patch makes of a record. Neither argument is changed. Fields that `removed` names and the record lacks are no fault. */
export function applyPatch(target: JsonObject, { value, removed = [] }: Patch): JsonObject {
  return merge(removed.length === 0 ? target : strip(target, toTree(removed)), value) as JsonObject
}

/** The patch that turns `before` into `after`; one without fields and without `removed` means that they are equal. */
export function diffPatch(before: JsonObject, after: JsonObject): Patch {
  const removed: string[] = []
  const value = diff(before, after, '', removed)
  return toPatch(value, removed)
}

/**
 * Checks a patch as the app or the wire gives it, and copies it. A field that is undefined, nested ones too, is one to remove; inside an
 * array undefined is refused. The id can neither be removed nor set to anything else than `id`.
 *
 * @param input the fields to set, and those to remove if they are undefined
 * @param removed pointers to further fields to remove; undefined: none
 */
export function checkPatch(id: string, input: unknown, removed?: unknown): ValueCheck<Patch> {
  const checked = checkObject(input)
  if (!checked.ok) return checked
  const named = checkRemoved(removed)
  if (!named.ok) return named
  const found: string[] = []
  const value = splitUndefined(input as Record<string, unknown>, checked.value, '', found)
  const all = [...named.value, ...found]
  if (all.length > LIMITS.nodes) return fault('', `removes more than ${LIMITS.nodes} fields`)
  if (all.some((pointer) => pointer === '/id' || pointer.startsWith('/id/'))) {
    return fault('/id', 'cannot be removed')
  }
  if (Object.hasOwn(value, 'id') && value['id'] !== id) return fault('/id', 'must be the id of the record')
  return { ok: true, value: toPatch(value, all) }
}

/** The first field's name of a pointer that {@link checkPatch} let through, and the rest of the pointer. */
export function splitPointer(pointer: string): readonly [field: string, rest: string] {
  const end = pointer.indexOf('/', 1)
  return end === -1 ? [unescape(pointer.slice(1)), ''] : [unescape(pointer.slice(1, end)), pointer.slice(end)]
}

/** A field's name as a token of a JSON pointer, with its slash. */
export function toPointer(field: string): string {
  return `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** No list where nothing is removed: most patches only set. */
export function toPatch(value: JsonObject, removed: readonly string[]): Patch {
  return removed.length === 0 ? { value } : { value, removed }
}

function merge(target: JsonValue | undefined, value: JsonValue): JsonValue {
  if (!isJsonObject(value) || !isJsonObject(target)) return value
  const result: Record<string, JsonValue> = {}
  for (const field of Object.keys(target)) setField(result, field, target[field])
  for (const field of Object.keys(value)) {
    setField(result, field, merge(getField(target, field), value[field] as JsonValue))
  }
  return result
}

/** Fields to remove, as a tree: a list would copy a record once for each of its pointers. null: the field itself goes. */
type Tree = Map<string, Tree | null>

function toTree(pointers: readonly string[]): Tree {
  const root: Tree = new Map()
  for (const pointer of pointers) {
    const tokens = pointer.slice(1).split('/').map(unescape)
    const last = tokens.pop() as string
    let at: Tree | null = root
    for (const token of tokens) {
      const next: Tree | null | undefined = at.get(token)
      if (next === null) {
        at = null
        break
      }
      const inner: Tree = next ?? new Map()
      at.set(token, inner)
      at = inner
    }
    at?.set(last, null)
  }
  return root
}

function strip(target: JsonObject, tree: Tree): JsonObject {
  const result: Record<string, JsonValue> = {}
  for (const field of Object.keys(target)) {
    const inner = tree.get(field)
    const value = target[field] as JsonValue
    if (inner === undefined) setField(result, field, value)
    else if (inner !== null) setField(result, field, isJsonObject(value) ? strip(value, inner) : value)
  }
  return result
}

function diff(before: JsonObject, after: JsonObject, path: string, removed: string[]): JsonObject {
  const value: Record<string, JsonValue> = {}
  for (const field of Object.keys(before)) {
    if (!Object.hasOwn(after, field)) removed.push(path + toPointer(field))
  }
  for (const field of Object.keys(after)) {
    const old = getField(before, field)
    const now = after[field] as JsonValue
    if (old !== undefined && isEqualJson(old, now)) continue
    if (!isJsonObject(now) || !isJsonObject(old)) {
      setField(value, field, now)
      continue
    }
    const inner = diff(old, now, path + toPointer(field), removed)
    if (Object.keys(inner).length > 0) setField(value, field, inner)
  }
  return value
}

/** Finds the fields that are undefined; what has nothing else is not set: to remove a field of an object makes no object. */
function splitUndefined(
  input: Readonly<Record<string, unknown>>,
  checked: JsonObject,
  path: string,
  removed: string[],
): JsonObject {
  const value: Record<string, JsonValue> = {}
  for (const field of Object.keys(input)) {
    const pointer = path + toPointer(field)
    if (!Object.hasOwn(checked, field)) {
      if (isStorableString(field)) removed.push(pointer)
      continue
    }
    const content = checked[field] as JsonValue
    if (!isJsonObject(content)) {
      setField(value, field, content)
      continue
    }
    const given = input[field] as Readonly<Record<string, unknown>>
    const inner = splitUndefined(given, content, pointer, removed)
    if (Object.keys(inner).length > 0 || Object.keys(given).length === 0) setField(value, field, inner)
  }
  return value
}

function checkRemoved(removed: unknown): ValueCheck<readonly string[]> {
  if (removed === undefined || removed === null) return { ok: true, value: [] }
  if (!Array.isArray(removed) || removed.length > LIMITS.nodes) {
    return fault('', `must name at most ${LIMITS.nodes} fields to remove`)
  }
  for (const pointer of removed as readonly unknown[]) {
    if (!isPointer(pointer)) return fault('', 'must name the fields to remove by JSON pointers')
  }
  return { ok: true, value: removed as readonly string[] }
}

function isPointer(pointer: unknown): boolean {
  if (typeof pointer !== 'string' || !pointer.startsWith('/') || /~(?![01])/.test(pointer)) return false
  return isStorableString(pointer) && pointer.split('/').length <= LIMITS.depth + 1
}

function unescape(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}

function fault(path: string, message: string): ValueCheck<never> {
  return { ok: false, path, message }
}
