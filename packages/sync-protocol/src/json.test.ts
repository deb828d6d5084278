import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  applyMergePatch,
  canonicalJson,
  diffMergePatch,
  isEqualJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from './json.ts'

/** RFC 7396, appendix A. */
const APPENDIX = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', 'null', 'null'],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
] as const

const field = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'length')

function values(hasNulls: boolean): { value: fc.Arbitrary<JsonValue>; object: fc.Arbitrary<JsonObject> } {
  return fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<JsonValue>(0, 1, 'x', 'y', true, ...(hasNulls ? [null] : [])),
      fc.array(fc.oneof(tie('value'), fc.constant(null)), { maxLength: 2 }),
      tie('object'),
    ),
    object: fc
      .array(fc.tuple(field, tie('value')), { maxLength: 3 })
      .map((entries): JsonObject => Object.fromEntries(entries)),
  }))
}

const withNulls = values(true)
const withoutNulls = values(false)

describe('JSON merge patch', () => {
  it.each(APPENDIX)('%s with %s is %s', (target, patch, result) => {
    expect(canonicalJson(applyMergePatch(JSON.parse(target) as JsonValue, JSON.parse(patch) as JsonValue))).toBe(
      canonicalJson(JSON.parse(result) as JsonValue),
    )
  })

  it('changes neither of its arguments', () => {
    fc.assert(
      fc.property(withNulls.value, withNulls.value, (target, patch) => {
        const before = JSON.stringify([target, patch])
        applyMergePatch(target, patch)
        expect(JSON.stringify([target, patch])).toBe(before)
      }),
    )
  })

  it('a difference applied to the old value gives the new one, whatever the fields are called', () => {
    fc.assert(
      fc.property(withNulls.object, withoutNulls.object, (before, after) => {
        const patch = diffMergePatch(before, after)
        expect(patch).toBeDefined()
        expect(canonicalJson(applyMergePatch(before, patch as JsonObject))).toBe(canonicalJson(after))
      }),
      { numRuns: 1_000 },
    )
  })

  it('a difference with a null is either right or not given: it never loses the null', () => {
    let missing = 0
    fc.assert(
      fc.property(withNulls.object, withNulls.object, (before, after) => {
        const patch = diffMergePatch(before, after)
        if (patch === undefined) missing += 1
        expect(patch === undefined || isEqualJson(applyMergePatch(before, patch), after)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
    expect(missing).toBeGreaterThan(0)
  })

  it('an old null beside the field that changed does not stand in the way', () => {
    expect(diffMergePatch({ a: { x: null, y: 1 } }, { a: { x: null, y: 2 } })).toEqual({ a: { y: 2 } })
    expect(diffMergePatch({ a: 1 }, { a: null })).toBeUndefined()
  })

  it('equal values differ by nothing', () => {
    fc.assert(
      fc.property(withNulls.object, (value) => {
        expect(diffMergePatch(value, value)).toEqual({})
      }),
    )
  })

  it('a field named __proto__ is a field: set, replaced and removed', () => {
    const patch = JSON.parse('{"__proto__":{"polluted":true}}') as JsonObject
    const patched = applyMergePatch({ id: 'a' }, patch) as JsonObject
    expect(JSON.stringify(patched)).toBe('{"id":"a","__proto__":{"polluted":true}}')
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(JSON.stringify(applyMergePatch(patched, JSON.parse('{"__proto__":null}') as JsonObject))).toBe('{"id":"a"}')
  })
})

function turned(value: JsonValue): JsonValue {
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).toReversed()) : value
}

describe('equality', () => {
  it('values are equal if and only if their canonical texts are', () => {
    fc.assert(
      fc.property(withNulls.value, withNulls.value, (a, b) => {
        expect(isEqualJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b))
      }),
      { numRuns: 1_000 },
    )
  })

  it('the order of fields does not matter, that of elements does', () => {
    fc.assert(
      fc.property(withNulls.object, (value) => {
        expect(isEqualJson(value, turned(value))).toBe(true)
        expect(canonicalJson(turned(value))).toBe(canonicalJson(value))
      }),
    )
    expect(isEqualJson([1, 2], [2, 1])).toBe(false)
  })

  it('an array is no object, and a field that only the prototype has is none', () => {
    expect(isEqualJson([], {})).toBe(false)
    expect(isEqualJson({ toString: 1 }, { other: 1 })).toBe(false)
    expect(isEqualJson({ a: null }, { b: null })).toBe(false)
  })

  it('canonical text sorts fields by code units and has no white space', () => {
    expect(canonicalJson({ b: [1, { z: null, a: 'ä' }], B: -0, '': true })).toBe(
      '{"":true,"B":0,"b":[1,{"a":"ä","z":null}]}',
    )
  })
})
