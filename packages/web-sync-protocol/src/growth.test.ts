import { type Arbitrary, assert, constantFrom, dictionary, jsonValue, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitOp, fitRecord } from './growth.ts'
import type { JsonObject } from './json.ts'
import { rebaseRecord } from './rebase/overlay.ts'
import { collection, defineSchema, schemaToShape } from './schema.ts'
import type { Op } from './wire/mutation.ts'

const growth = { renamed: { text: 'body' }, defaults: { done: false } }

function op(kind: 'insert' | 'put' | 'patch', value: JsonObject): Op {
  return { op: kind, collection: 'notes', id: 'a', base: null, value }
}

describe('a record of an earlier version', () => {
  it('has its fields under their new names, and what it lacks by default', () => {
    expect(fitRecord(growth, { id: 'a', text: 'old' })).toEqual({ id: 'a', body: 'old', done: false })
    expect(fitRecord(growth, { id: 'a', body: 'new', done: true })).toEqual({ id: 'a', body: 'new', done: true })
    expect(fitRecord(growth, { id: 'a', text: 'old', body: 'new' })).toEqual({ id: 'a', body: 'new', done: false })
    expect(fitRecord(undefined, { id: 'a', text: 'old' })).toEqual({ id: 'a', text: 'old' })
  })

  it('is the same when it is fitted again, whatever is in it', () => {
    const names = constantFrom('id', 'text', 'body', 'done', '__proto__')
    assert(
      property(dictionary(names, jsonValue() as Arbitrary<never>), (value) => {
        const once = fitRecord(growth, value)
        expect(fitRecord(growth, once)).toEqual(once)
      }),
    )
  })

  it('takes patches of both versions, in their order', () => {
    const ops = [op('insert', { id: 'a', text: 'one' }), op('patch', { body: 'two' }), op('patch', { text: 'three' })]
    expect(rebaseRecord(null, ops.slice(0, 2), growth)).toEqual({ id: 'a', body: 'two', done: false })
    expect(rebaseRecord(null, ops, growth)).toEqual({ id: 'a', body: 'three', done: false })
    expect(
      rebaseRecord({ id: 'a', body: 'x', done: true }, [{ ...op('patch', {}), removed: ['/text'] } as Op], growth),
    ).toEqual({
      id: 'a',
      done: true,
    })
  })

  it('is not touched by a patch in fields that the patch lacks', () => {
    expect(fitOp(growth, op('patch', { text: 'new' }))).toMatchObject({ value: { body: 'new' } })
    const patch = fitOp(growth, op('patch', {}))
    expect(patch).toMatchObject({ value: {} })
    expect(Object.keys(patch.op === 'delete' ? { a: 1 } : patch.value)).toEqual([])
  })
})

describe('a schema with grown collections', () => {
  it('says so in its shape, and others leave no trace there', () => {
    const notes = collection<{ id: string; body: string }>(null, growth)
    const shape = schemaToShape(
      defineSchema({ app: 'test', version: 2, collections: { notes, tags: collection(null) } }),
    )
    expect(shape.collections.map(({ renamed, defaults }) => ({ renamed, defaults }))).toEqual([growth, {}])
    expect(Object.keys(shape.collections[1] ?? {})).toEqual(['name', 'indexes', 'putsTravelAsPatch'])
  })

  it.each([
    [{ renamed: { id: 'key' } }],
    [{ renamed: { key: 'id' } }],
    [{ defaults: { id: 'a' } }],
    [{ renamed: { a: 'b', b: 'c' } }],
  ])('is refused at once with %j', (wrong) => {
    expect(() => defineSchema({ app: 'test', version: 1, collections: { notes: collection(null, wrong) } })).toThrow(
      /defineSchema/,
    )
  })
})
