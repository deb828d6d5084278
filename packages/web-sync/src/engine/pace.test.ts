import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

test('without progress there are twelve asks in any minute', () => {
  const pace = new Pace()
  const asks: number[] = []
  for (let nowMs = 0; nowMs < 600_000; nowMs += 100) if (pace.take(nowMs) === 0) asks.push(nowMs)
  expect(asks).toHaveLength(120)
  for (const fromMs of asks) {
    expect(asks.filter((atMs) => atMs >= fromMs && atMs < fromMs + 60_000).length).toBeLessThanOrEqual(12)
  }
})

test('progress fills it', () => {
  const pace = new Pace()
  for (let index = 0; index < 12; index += 1) expect(pace.take(0)).toBe(0)
  expect(pace.take(1_000)).toBe(59_000)
  pace.refill()
  expect(pace.take(1_000)).toBe(0)
})

test('a clock that is put back by a day does not close it', () => {
  const pace = new Pace()
  for (let index = 0; index < 12; index += 1) pace.take(86_400_000)
  expect(pace.take(0)).toBe(60_000)
  expect(pace.take(60_000)).toBe(0)
})
