import type { Page } from 'web-sync-protocol'
import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

/** One ask, if there is room for it. */
const ask = (pace: Pace, nowMs: number): boolean => {
  if (pace.waitMs(nowMs) > 0) return false
  pace.take(nowMs)
  return true
}

const page = (n: number, version: string | null): Page => ({
  key: { n, tag: '0'.repeat(32) },
  settled: true,
  collections: ['notes'],
  changes: version === null ? [] : [{ type: 'delete', collection: 'notes', id: 'a', version, mutationId: null }],
  snapshot: false,
  outcomes: [],
  more: false,
  progress: null,
  digest: null,
})

test('without progress there are twelve asks in any minute', () => {
  const pace = new Pace()
  const asks: number[] = []
  for (let nowMs = 0; nowMs < 600_000; nowMs += 100) if (ask(pace, nowMs)) asks.push(nowMs)
  expect(asks).toHaveLength(120)
  for (const fromMs of asks) {
    expect(asks.filter((atMs) => atMs >= fromMs && atMs < fromMs + 60_000).length).toBeLessThanOrEqual(12)
  }
})

test('progress fills it; the same page again is none', () => {
  const pace = new Pace()
  for (let index = 0; index < 12; index += 1) expect(ask(pace, 0)).toBe(true)
  expect(pace.waitMs(1_000)).toBe(59_000)
  pace.refill(page(2, `1-${'0'.repeat(16)}`))
  for (let index = 0; index < 12; index += 1) expect(ask(pace, 1_000)).toBe(true)
  pace.refill(page(3, `1-${'0'.repeat(16)}`))
  expect(ask(pace, 2_000)).toBe(false)
})

test('there is room for two asks when two have come back', () => {
  const pace = new Pace()
  for (let index = 0; index < 11; index += 1) pace.take(index * 1_000)
  expect(pace.waitMs(11_000)).toBe(0)
  expect(pace.waitMs(11_000, 2)).toBe(49_000)
  expect(pace.waitMs(60_000, 2)).toBe(0)
})

test.each([-86_400_000, -3_600_000, -1_000])(
  'a clock that is put back by %i ms neither closes it nor opens it',
  (byMs) => {
    const pace = new Pace()
    const nowMs = 1_800_000_000_000
    for (let index = 0; index < 12; index += 1) pace.take(nowMs)
    expect(pace.waitMs(nowMs + byMs)).toBe(60_000)
    expect(pace.waitMs(nowMs + byMs + 60_000)).toBe(0)
  },
)

test('two contexts share it by what is stored; what one could not store it remembers alone', () => {
  const [tab, worker] = [new Pace(), new Pace()]
  for (let index = 0; index < 12; index += 1) tab.take(1_000)
  worker.adopt(tab.read(2_000), 3_000)
  expect(worker.waitMs(3_000)).toBe(58_000)
  tab.adopt(undefined, 4_000)
  expect(tab.waitMs(4_000)).toBe(57_000)
  tab.stored()
  worker.refill(page(2, `1-${'0'.repeat(16)}`))
  tab.adopt(worker.read(5_000), 5_000)
  expect(tab.waitMs(5_000)).toBe(0)
})
