import { expect, test } from 'vitest'
import { HandClock } from './hand-clock.ts'

test('a clock moved by hand stands still, goes on and can be set back', () => {
  const clock = new HandClock(1_000)
  expect([clock.nowMs(), clock.nowMs()]).toEqual([1_000, 1_000])
  clock.advance(500)
  expect(clock.nowMs()).toBe(1_500)
  clock.advance(-700)
  expect(clock.nowMs()).toBe(800)
})
