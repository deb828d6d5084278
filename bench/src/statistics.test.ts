import { describe, expect, test } from 'vitest'
import { interleave, median, ratio } from './statistics.ts'

describe('the median', () => {
  test('of an odd number of values is the one in the middle, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5)
  })
  test('of an even number of values lies between the two in the middle', () => {
    expect(median([1, 100, 3, 2])).toBe(2.5)
  })
  test('compares numbers, not texts', () => {
    expect(median([10, 9, 100])).toBe(10)
  })
  test('of nothing is nothing, and the values stay in their order', () => {
    const values = [3, 1, 2]
    median(values)
    expect(values).toEqual([3, 1, 2])
    expect(median([])).toBeUndefined()
  })
})

describe('a ratio', () => {
  test('is the value in units of the base', () => {
    expect(ratio(3, 2)).toBe(1.5)
    expect(ratio(0, 2)).toBe(0)
  })
  test('of what was not measured, or to nothing, is not there', () => {
    expect(ratio(undefined, 2)).toBeUndefined()
    expect(ratio(3, undefined)).toBeUndefined()
    expect(ratio(3, 0)).toBeUndefined()
  })
})

test('sessions run A B C A B C, size by size, and every contestant has each session once', () => {
  const order = interleave(['A', 'B', 'C'], [10, 20], 2)
  expect(order.map(({ name, size, session }) => `${name}${size}.${session}`)).toEqual([
    'A10.1',
    'B10.1',
    'C10.1',
    'A10.2',
    'B10.2',
    'C10.2',
    'A20.1',
    'B20.1',
    'C20.1',
    'A20.2',
    'B20.2',
    'C20.2',
  ])
})
