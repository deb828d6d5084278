import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, isEqualJson, isJsonObject, type JsonObject, type JsonValue } from './json.ts'

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
