import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, type JsonObject, type JsonValue } from './json.ts'
import { LIMITS } from './limits.ts'
import { applyPatch, checkPatch, diffPatch, type Patch, splitPointer, toPointer } from './patch.ts'

const field = fc.constantFrom('a', 'b', 'c', '', '/', '~1', '__proto__', 'constructor', 'length')

const { object } = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<JsonValue>(0, 1, 'x', true, null),
    fc.array(tie('value'), { maxLength: 2 }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(field, tie('value')), { maxLength: 4 })
    .map((entries): JsonObject => Object.fromEntries(entries)),
}))

/** As the app writes it: undefined removes. */
function checked(fields: unknown): Patch {
  const result = checkPatch('a', fields)
  if (!result.ok) throw new Error(`${result.path} ${result.message}`)
  return result.value
}

describe('a patch', () => {
  it.each<[string, JsonObject, unknown, JsonObject]>([
    ['sets a field', { a: 'b' }, { a: 'c' }, { a: 'c' }],
    ['adds one', { a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    ['sets one to null', { a: 'b' }, { a: null }, { a: null }],
    ['removes one that is undefined', { a: 'b', b: 'c' }, { a: undefined }, { b: 'c' }],
    ['sets a nested one to null', { a: { b: 'c' } }, { a: { b: null } }, { a: { b: null } }],
    ['merges objects', { a: { b: 'c' } }, { a: { b: 'd', c: undefined } }, { a: { b: 'd' } }],
    ['removes a nested one', { a: { b: 1, c: 2 } }, { a: { b: undefined } }, { a: { c: 2 } }],
    ['removes the last of an object', { a: { b: 1 } }, { a: { b: undefined } }, { a: {} }],
    ['makes no object to remove a field of it', { b: 1 }, { a: { b: { c: undefined } } }, { b: 1 }],
    ['leaves alone what is no object, to remove a field of it', { a: [1] }, { a: { b: undefined } }, { a: [1] }],
    ['sets an empty object', { b: 1 }, { a: {} }, { b: 1, a: {} }],
    ['does not empty an object', { a: { b: 1 } }, { a: {} }, { a: { b: 1 } }],
    ['replaces an array', { a: ['b', null] }, { a: [null] }, { a: [null] }],
    ['replaces an array by an object', { a: [1] }, { a: { b: null } }, { a: { b: null } }],
    ['replaces null by an object', { a: null }, { a: { b: { c: null } } }, { a: { b: { c: null } } }],
    ['changes nothing', { a: null }, {}, { a: null }],
  ])('%s', (_, before, fields, after) => {
    expect(applyPatch(before, checked(fields))).toEqual(after)
  })

  it('a difference applied to the old value gives the new one, whatever the fields are called', () => {
    fc.assert(
      fc.property(object, object, (before, after) => {
        const patch = JSON.parse(JSON.stringify(diffPatch(before, after))) as Patch
        const text = JSON.stringify(before)
        expect(canonicalJson(applyPatch(before, patch))).toBe(canonicalJson(after))
        expect(JSON.stringify(before)).toBe(text)
      }),
      { numRuns: 2_000 },
    )
  })

  it('a difference says no more than what changed', () => {
    expect(diffPatch({ a: { x: null, y: 1 }, b: 1 }, { a: { x: null, y: null }, b: 1 })).toEqual({
      value: { a: { y: null } },
    })
    expect(diffPatch({ a: { x: 1 }, b: 1 }, { a: {} })).toEqual({ value: {}, removed: ['/b', '/a/x'] })
    fc.assert(
      fc.property(object, (value) => {
        expect(diffPatch(value, value)).toEqual({ value: {} })
      }),
    )
  })

  it('two that touch different fields give the same in either order, nulls and removals included', () => {
    const [left, right] = [checked({ a: null, c: { x: undefined } }), checked({ b: undefined, c: { y: null } })]
    const record = { a: 1, b: 2, c: { x: 3, y: 4 } }
    const both = { a: null, c: { y: null } }
    expect(applyPatch(applyPatch(record, left), right)).toEqual(both)
    expect(applyPatch(applyPatch(record, right), left)).toEqual(both)
  })

  it('a field named __proto__ is a field: set, replaced and removed', () => {
    const patched = applyPatch({ id: 'a' }, checked(JSON.parse('{"__proto__":{"polluted":true}}')))
    expect(JSON.stringify(patched)).toBe('{"id":"a","__proto__":{"polluted":true}}')
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(JSON.stringify(applyPatch(patched, { value: {}, removed: ['/__proto__/polluted'] }))).toBe(
      '{"id":"a","__proto__":{}}',
    )
    expect(JSON.stringify(applyPatch(patched, { value: {}, removed: ['/__proto__'] }))).toBe('{"id":"a"}')
  })

  it('a field goes before the patch sets it, and what goes as a whole goes however often its parts are named', () => {
    expect(applyPatch({ a: { x: 1 } }, { value: { a: { y: 2 } }, removed: ['/a'] })).toEqual({ a: { y: 2 } })
    expect(applyPatch({ a: { x: 1 } }, { value: {}, removed: ['/a', '/a/x', '/a'] })).toEqual({})
    expect(applyPatch({ a: { x: 1 } }, { value: {}, removed: ['/a/x', '/a', '/b/c'] })).toEqual({})
  })
})

describe('what a patch may be', () => {
  it('a proxy is read like what it stands for', () => {
    const fields = new Proxy({ a: null, b: undefined, c: { d: undefined } }, {})
    expect(checked(fields)).toEqual({ value: { a: null }, removed: ['/b', '/c/d'] })
  })

  it('what has been JSON removes nothing, and keeps its nulls', () => {
    expect(checked(JSON.parse(JSON.stringify({ a: null, b: undefined })))).toEqual({ value: { a: null } })
  })

  it.each<[string, unknown, unknown, string]>([
    ['undefined inside an array', { a: [undefined] }, undefined, '/a/0'],
    ['a Date', { a: new Date(0) }, undefined, '/a'],
    ['no object', [], undefined, ''],
    ['another id', { id: 'b' }, undefined, '/id'],
    ['a null id', { id: null }, undefined, '/id'],
    ['an id to remove', { id: undefined }, undefined, '/id'],
    ['an id to remove by its pointer', {}, ['/id'], '/id'],
    ['pointers that are no list', {}, '/a', ''],
    ['a pointer without a slash', {}, ['a'], ''],
    ['the whole record', {}, [''], ''],
    ['a pointer with a wrong escape', {}, ['/~2'], ''],
    ['a pointer with a lone surrogate', {}, ['/\ud800'], ''],
    ['a pointer deeper than any record', {}, ['/a'.repeat(LIMITS.depth + 1)], ''],
    ['more pointers than a record has fields', {}, Array.from({ length: LIMITS.nodes + 1 }, () => '/a'), ''],
  ])('refused: %s', (_, fields, removed, path) => {
    expect(checkPatch('a', fields, removed)).toMatchObject({ ok: false, path })
  })

  it('its own id is no change, and pointers add up', () => {
    expect(checkPatch('a', { id: 'a', b: undefined }, ['/c'])).toEqual({
      ok: true,
      value: { value: { id: 'a' }, removed: ['/c', '/b'] },
    })
  })

  it('a pointer’s first field is the one that it was made of', () => {
    fc.assert(
      fc.property(field, field, (first, second) => {
        expect(splitPointer(toPointer(first))).toEqual([first, ''])
        expect(splitPointer(toPointer(first) + toPointer(second))).toEqual([first, toPointer(second)])
      }),
    )
  })

  it('many pointers into one large record cost one pass over it', () => {
    const many = Array.from({ length: LIMITS.nodes }, (_, index) => `f${index}`)
    const record: JsonObject = { a: Object.fromEntries(many.map((name) => [name, 1])) }
    let reads = 0
    const counted = new Proxy(record['a'] as object, {
      get: (target, name) => {
        reads += 1
        return Reflect.get(target, name)
      },
    }) as JsonObject
    const patch = { value: {}, removed: many.map((name) => `/a/${name}`) }
    expect(applyPatch({ a: counted }, patch)).toEqual({ a: {} })
    expect(reads).toBe(LIMITS.nodes)
  })
})
