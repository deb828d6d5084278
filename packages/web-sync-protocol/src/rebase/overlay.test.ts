import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../json.ts'
import type { Op } from '../wire/mutation.ts'
import { applyLocally, rebaseRecord, type View } from './overlay.ts'

const target = { collection: 'notes', id: 'a', base: null }
const field = fc.constantFrom('title', 'note', '__proto__')
const object = fc
  .array(fc.tuple(field, fc.constantFrom<JsonObject[string]>('x', 'y', 1, null, { deep: 1 }, { deep: null })), {
    maxLength: 3,
  })
  .map((entries): JsonObject => ({ id: 'a', ...Object.fromEntries(entries) }))
const op: fc.Arbitrary<Op> = fc.oneof(
  fc
    .record({ kind: fc.constantFrom('insert' as const, 'put' as const, 'patch' as const), value: object })
    .map(({ kind, value }): Op => ({ op: kind, ...target, value })),
  fc
    .record({ value: object, removed: fc.subarray(['/title', '/note', '/note/deep', '/__proto__']) })
    .map((patch): Op => ({ op: 'patch', ...target, ...patch })),
  fc.constant<Op>({ op: 'delete', ...target }),
)
const view: fc.Arbitrary<View> = fc.option(object)

describe('the overlay', () => {
  it('is the same whether pending operations are laid over one by one or all at once, split anywhere', () => {
    fc.assert(
      fc.property(view, fc.array(op, { maxLength: 8 }), fc.nat(8), (base, ops, split) => {
        const atOnce = rebaseRecord(base, ops)
        expect(ops.reduce<View>((seen, next) => applyLocally(seen, next), base)).toEqual(atOnce)
        expect(rebaseRecord(rebaseRecord(base, ops.slice(0, split)), ops.slice(split))).toEqual(atOnce)
      }),
      { numRuns: 500 },
    )
  })

  it('changes neither base nor operations', () => {
    fc.assert(
      fc.property(view, fc.array(op, { maxLength: 5 }), (base, ops) => {
        const before = JSON.stringify([base, ops])
        rebaseRecord(base, ops)
        expect(JSON.stringify([base, ops])).toBe(before)
      }),
    )
  })

  it('without pending operations is the base', () => {
    expect(rebaseRecord(null, [])).toBeNull()
    expect(rebaseRecord({ id: 'a' }, [])).toEqual({ id: 'a' })
  })

  it('shows the device’s own intention: a patch on a record that is gone shows nothing, an insert on one that came shows the insert', () => {
    expect(applyLocally(null, { op: 'patch', ...target, value: { title: 'x' } })).toBeNull()
    expect(
      applyLocally({ id: 'a', title: 'theirs' }, { op: 'insert', ...target, value: { id: 'a', title: 'mine' } }),
    ).toEqual({ id: 'a', title: 'mine' })
    expect(applyLocally({ id: 'a', note: 'theirs' }, { op: 'patch', ...target, value: { title: 'mine' } })).toEqual({
      id: 'a',
      note: 'theirs',
      title: 'mine',
    })
    expect(applyLocally({ id: 'a' }, { op: 'delete', ...target })).toBeNull()
  })
})
