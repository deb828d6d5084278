import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Tidier } from './tidier.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A tidier whose store has so many steps to make, and how many it has made. */
function tidierOf(steps: number): { tidier: Tidier; made: () => number; setSyncing: (isSyncing: boolean) => void } {
  let made = 0
  let isSyncing = false
  const tidy = async (): Promise<boolean> => {
    made += 1
    return made < steps
  }
  const tidier = new Tidier({ store: { tidy }, isSyncing: () => isSyncing })
  return { tidier, made: () => made, setSyncing: (now) => (isSyncing = now) }
}

test('a space that was just opened is not tidied up before its page has had time to ask', async () => {
  const { tidier, made } = tidierOf(3)
  void tidier.tidy()
  await vi.advanceTimersByTimeAsync(90)
  expect(made()).toBe(0)
  // The page's first query: everything waits again.
  tidier.schedule()
  await vi.advanceTimersByTimeAsync(100)
  expect(made()).toBe(0)
  await vi.advanceTimersByTimeAsync(100)
  expect(made()).toBe(3)
})

test('steps follow each other at once while nothing happens, and none is made during a run or after the end', async () => {
  const { tidier, made, setSyncing } = tidierOf(10)
  setSyncing(true)
  void tidier.tidy()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(made()).toBe(0)
  setSyncing(false)
  await vi.advanceTimersByTimeAsync(100)
  expect(made()).toBe(1)
  await vi.advanceTimersByTimeAsync(5)
  expect(made()).toBe(2)
  tidier.schedule()
  await vi.advanceTimersByTimeAsync(50)
  // The one that was about to be made finds that something happens.
  expect(made()).toBe(2)
  await vi.advanceTimersByTimeAsync(55)
  expect(made()).toBe(3)
  tidier.close()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(made()).toBe(3)
})
