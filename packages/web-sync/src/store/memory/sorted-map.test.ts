import 'fake-indexeddb/auto'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { type RowKey, compareKeys, isInRange } from '../keys.ts'
import { SortedMap } from './sorted-map.ts'

const anyKey: fc.Arbitrary<RowKey> = fc.letrec<{ key: RowKey }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 2 },
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom('', 'a', 'ab', 'b', '\uffff', '😀'),
    fc.array(tie('key'), { maxLength: 3 }),
  ),
})).key

it('keys are ordered as IndexedDB orders them', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(indexedDB.cmp(a, b))
    }),
    { numRuns: 2_000 },
  )
})

it('a sorted map holds what was put, in order, in any range and both directions', () => {
  const anyRange = fc.record({ lower: anyKey, upper: anyKey, isLowerOpen: fc.boolean(), isUpperOpen: fc.boolean() })
  fc.assert(
    fc.property(fc.array(fc.tuple(anyKey, fc.boolean()), { maxLength: 60 }), anyRange, (writes, range) => {
      const map = new SortedMap<number>()
      const expected: { key: RowKey; value: number }[] = []
      for (const [value, [key, isDeleted]] of writes.entries()) {
        const at = expected.findIndex((entry) => compareKeys(entry.key, key) === 0)
        if (at !== -1) expected.splice(at, 1)
        if (isDeleted) map.delete(key)
        else {
          map.set(key, value)
          expected.push({ key, value })
        }
      }
      const inRange = expected
        .filter((entry) => isInRange(entry.key, range))
        .toSorted((a, b) => compareKeys(a.key, b.key))
        .map((entry) => entry.value)
      expect(map.size).toBe(expected.length)
      expect([...map.entries(range)].map(([, value]) => value)).toEqual(inRange)
      expect([...map.entries(range, 'desc')].map(([, value]) => value)).toEqual(inRange.toReversed())
    }),
    { numRuns: 1_000 },
  )
})

it('a map of many chunks keeps its order, and a copy is independent', () => {
  const map = new SortedMap<number>()
  for (let n = 0; n < 5_000; n += 1) map.set((n * 7_919) % 5_000, n)
  const copy = map.copy()
  for (let n = 0; n < 5_000; n += 2) map.delete(n)
  expect([...map.entries(null)].map(([key]) => key)).toEqual(Array.from({ length: 2_500 }, (_, n) => 2 * n + 1))
  expect([...map.entries(null, 'desc')][0]?.[0]).toBe(4_999)
  expect(copy.size).toBe(5_000)
})
