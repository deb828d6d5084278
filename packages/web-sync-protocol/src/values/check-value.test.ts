import { DatabaseSync } from 'node:sqlite'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../json.ts'
import { LIMITS } from '../limits.ts'
import { checkObject, checkParsed, checkValue, isRecordId, isStorableString } from './check-value.ts'

const PROTO = JSON.parse('{"__proto__":{"a":1},"constructor":1,"then":2,"length":3}') as JsonValue

function nested(levels: number): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { field: value }
  return value
}

function pathOf(value: unknown): string | null {
  const result = checkValue(value)
  return result.ok ? null : result.path
}

/** Storable values of every kind, with hostile field names. */
const stored: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }).filter(isStorableString),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(
        fc.tuple(
          fc.oneof(
            fc.constantFrom('__proto__', 'constructor', 'then', 'length', 'toJSON', ''),
            fc.string().filter(isStorableString),
          ),
          tie('value'),
        ),
        { maxLength: 4 },
      )
      // Object.fromEntries makes own fields, also one named __proto__.
      .map((entries): JsonValue => Object.fromEntries(entries)),
  ),
})).value

describe('the value domain', () => {
  class Money {
    readonly amount = 1
  }

  it.each([
    ['NaN', { a: [1, Number.NaN] }, '/a/1'],
    ['Infinity', { a: Infinity }, '/a'],
    ['-Infinity', -Infinity, ''],
    ['bigint', { a: { b: 1n } }, '/a/b'],
    ['undefined in an array', { a: [1, undefined] }, '/a/1'],
    ['undefined itself', undefined, ''],
    // oxlint: a hole on purpose, made without the literal syntax.
    ['a hole of a sparse array', { a: Object.assign([], { length: 2, 0: 1 }) }, '/a/1'],
    ['a function', { a: () => 1 }, '/a'],
    ['a method called toJSON', { toJSON: () => 1 }, '/toJSON'],
    ['a symbol', { a: Symbol('a') }, '/a'],
    ['a Date', { when: new Date(0) }, '/when'],
    ['a Map', { 'a/b~c': new Map() }, '/a~1b~0c'],
    ['a Set', [new Set()], '/0'],
    ['a typed array', [new Uint8Array(1)], '/0'],
    ['a class instance', { price: new Money() }, '/price'],
    ['a boxed string', [Object('text')], '/0'],
    ['an object with a prototype of its own', [Object.create({ inherited: 1 })], '/0'],
    ['a lone high surrogate', { a: '\uD83D' }, '/a'],
    ['a lone low surrogate', ['x\uDE00y'], '/0'],
    ['U+0000', { a: 'x\u0000' }, '/a'],
    ['a field name with U+0000', { a: { '\u0000': 1 } }, '/a/\u0000'],
    ['a field name with a lone surrogate', { '\uD83D': 1 }, '/\uFFFD'],
  ])('refuses %s, and says where', (_, value, path) => {
    expect(checkValue(value)).toMatchObject({ ok: false, path, message: expect.stringMatching(/./) })
  })

  it('takes −0 for 0', () => {
    const result = checkValue({ a: -0, b: [-0] })
    expect(result).toEqual({ ok: true, value: { a: 0, b: [0] } })
  })

  it('leaves out a field that is undefined, as JSON does', () => {
    expect(checkValue({ a: undefined, b: 1 })).toEqual({ ok: true, value: { b: 1 } })
  })

  it('keeps hostile field names as fields and changes no prototype', () => {
    const result = checkObject(PROTO)
    expect(result.ok && JSON.stringify(result.value)).toBe(JSON.stringify(PROTO))
    expect(result.ok && Object.getPrototypeOf(result.value)).toBe(Object.prototype)
    expect(({} as { a?: number }).a).toBeUndefined()
  })

  it('takes plain objects and arrays of another realm, and objects without a prototype', () => {
    const foreign: unknown = runInNewContext('({ a: [1, { b: null }] })')
    expect(foreign instanceof Object).toBe(false)
    expect(checkValue(foreign)).toEqual({ ok: true, value: { a: [1, { b: null }] } })
    expect(checkValue(Object.assign(Object.create(null), { a: 1 }))).toEqual({ ok: true, value: { a: 1 } })
    expect(pathOf(runInNewContext('[new Date(0)]'))).toBe('/0')
    expect(pathOf(runInNewContext('[new (class A {})()]'))).toBe('/0')
  })

  it('copies: what is changed later does not change what was checked', () => {
    const original = { list: [1] }
    const result = checkValue(original)
    original.list.push(2)
    expect(result).toEqual({ ok: true, value: { list: [1] } })
  })

  it(`takes ${LIMITS.depth} levels and refuses one more`, () => {
    expect(pathOf(nested(LIMITS.depth))).toBeNull()
    expect(pathOf(nested(LIMITS.depth + 1))).toHaveLength('/0/field'.length * (LIMITS.depth / 2))
  })

  it('refuses 100,000 levels and a circle without overflowing the stack', () => {
    expect(pathOf(nested(100_000))).not.toBeNull()
    expect(pathOf(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)))).not.toBeNull()
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(pathOf(circle)).not.toBeNull()
  })

  it(`takes ${LIMITS.nodes} fields and elements, all levels together, and refuses one more`, () => {
    const half = LIMITS.nodes / 2 - 1
    const full = {
      a: Array.from({ length: half }, () => 0),
      b: Object.fromEntries(Array.from({ length: half }, (_, n) => [`f${n}`, n])),
    }
    expect(pathOf(full)).toBeNull()
    expect(pathOf({ ...full, c: 0 })).not.toBeNull()
    // The length is looked at before the elements: this would take minutes otherwise.
    expect(pathOf(Object.assign([], { length: 4_294_967_295 }))).toBe('')
  })

  it('a record is an object', () => {
    for (const value of [null, 1, 'text', [], undefined]) expect(checkObject(value).ok).toBe(false)
  })

  it('a value reads back the same through JSON, structuredClone and SQLite text, and is checked to the same again', () => {
    const database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE stored (value TEXT NOT NULL)')
    const roundTrip = database.prepare('INSERT INTO stored VALUES (?) RETURNING value')
    fc.assert(
      fc.property(stored, (value) => {
        const result = checkValue(value)
        expect(result.ok).toBe(true)
        const text = JSON.stringify(value)
        expect(JSON.stringify(result.ok && result.value)).toBe(text)
        expect(JSON.stringify(JSON.parse(text))).toBe(text)
        expect(JSON.stringify(structuredClone(result.ok && result.value))).toBe(text)
        expect(roundTrip.get(text)?.['value']).toBe(text)
      }),
    )
    database.close()
  })

  it('any value at all is either a fault with a path or equal to what JSON makes of it', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withSparseArray: true,
          withTypedArray: true,
        }),
        (value) => {
          const result = checkValue(value)
          expect(result.ok ? JSON.stringify(result.value) : typeof result.path).toBe(
            result.ok ? JSON.stringify(value) : 'string',
          )
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('what was just parsed', () => {
  it('is judged as everything else is, and is what a copy would be', () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true })
    const json = fc.jsonValue()
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(anything, json)), (value) => {
        expect(checkParsed(value)).toEqual(checkObject(value))
      }),
      { numRuns: 500 },
    )
    for (const value of [[], null, 'text', { a: -0 }, { a: '\uD83D' }, { a: nested(LIMITS.depth) }]) {
      expect(checkParsed(value)).toEqual(checkObject(value))
    }
    expect(checkParsed({ a: Array.from({ length: LIMITS.nodes }, () => 1) }).ok).toBe(false)
  })

  it('is not copied if nothing of it has to be different', () => {
    const fine = { id: 'a', list: [1, { b: null }], isSet: true }
    const { value } = checkParsed(fine) as { readonly value: unknown }
    expect(value).toBe(fine)
  })
})

describe('record ids', () => {
  it('are strings of 1 to 256 well-formed units without U+0000', () => {
    for (const id of ['a', '__proto__', '😀', 'x'.repeat(LIMITS.idLength)]) expect(isRecordId(id)).toBe(true)
    for (const id of ['', 'x'.repeat(LIMITS.idLength + 1), 'a\u0000', '\uD83D', 1, null, undefined])
      expect(isRecordId(id)).toBe(false)
  })
})
