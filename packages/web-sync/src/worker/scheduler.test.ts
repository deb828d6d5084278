import { INITIAL_MEMORY, type InitiatorState, type WakeReason } from 'web-sync-protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RunResult } from '../engine/index.ts'
import { QUIET_INTERVAL_MS, Scheduler } from './scheduler.ts'

const IDLE: InitiatorState = { type: 'idle', memory: INITIAL_MEMORY }

let runs: { reason: WakeReason; atMs: number }[]
let state: InitiatorState
let scheduler: Scheduler
let gate: Promise<void>

beforeEach(() => {
  // The clock is moved by hand; nothing here waits.
  vi.useFakeTimers({ now: 1_000_000 })
  runs = []
  state = IDLE
  gate = Promise.resolve()
  scheduler = new Scheduler({
    run: async (reason): Promise<RunResult> => {
      runs.push({ reason, atMs: Date.now() - 1_000_000 })
      await gate
      return { type: 'ended', state, exchanges: 1, isUpToDate: true }
    },
    clock: { nowMs: () => Date.now() },
    random: { id: () => '', fraction: () => 0.5 },
  })
})

afterEach(() => {
  scheduler.close()
  vi.useRealTimers()
})

test('writes made together are one run', async () => {
  for (let count = 0; count < 10; count += 1) scheduler.wake('write', 20)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(runs).toEqual([{ reason: 'write', atMs: 20 }])
})

test('a wake that comes while a run is under way is one more run after it, never two at a time', async () => {
  const door = new EventTarget()
  gate = new Promise((resolve) => door.addEventListener('open', () => resolve()))
  scheduler.wake('start')
  await vi.advanceTimersByTimeAsync(0)
  scheduler.wake('nudge')
  scheduler.wake('write')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(runs).toHaveLength(1)
  door.dispatchEvent(new Event('open'))
  await vi.advanceTimersByTimeAsync(10)
  expect(runs.map(({ reason }) => reason)).toEqual(['start', 'nudge'])
})

test('of the reasons that are due the most hopeful one is the run’s', async () => {
  scheduler.wake('write')
  scheduler.wake('online')
  scheduler.wake('retry')
  await vi.advanceTimersByTimeAsync(10)
  expect(runs.map(({ reason }) => reason)).toEqual(['retry'])
})

test('without any reason there is a run about every five minutes', async () => {
  scheduler.wake('start')
  await vi.advanceTimersByTimeAsync(QUIET_INTERVAL_MS * 3 + 100)
  expect(runs.map(({ reason }) => reason)).toEqual(['start', 'timer', 'timer', 'timer'])
})

test('the machine’s own wait ends with a run', async () => {
  const wait = { untilMs: 1_000_000 + 5_000, reason: 'network' } as const
  state = { type: 'waiting', memory: { ...INITIAL_MEMORY, wait }, wait }
  scheduler.wake('start')
  await vi.advanceTimersByTimeAsync(4_000)
  expect(runs).toHaveLength(1)
  state = IDLE
  await vi.advanceTimersByTimeAsync(2_000)
  expect(runs.at(-1)).toEqual({ reason: 'timer', atMs: 5_000 })
})

test('news that another tab fetched is not fetched again', async () => {
  scheduler.wake('nudge', 500)
  scheduler.forget('nudge')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(runs).toEqual([])
})

test('after closing nothing runs', async () => {
  scheduler.wake('write', 20)
  scheduler.close()
  scheduler.wake('retry')
  await vi.advanceTimersByTimeAsync(QUIET_INTERVAL_MS * 2)
  expect(runs).toEqual([])
})

test('a clock that is put back by a day puts no attempt off', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let nowMs = 1_700_000_000_000
  let attempts = 0
  const patient = new Scheduler({
    clock: { nowMs: () => nowMs },
    random: { id: () => '', fraction: () => 0.5 },
    run: async (): Promise<RunResult> => {
      attempts += 1
      const wait = { untilMs: nowMs + 60_000, reason: 'network' } as const
      const waiting: InitiatorState = { type: 'waiting', memory: { ...INITIAL_MEMORY, wait }, wait }
      return { type: 'ended', state: waiting, exchanges: 1, isUpToDate: false }
    },
  })
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms
    await vi.advanceTimersByTimeAsync(ms)
  }
  patient.wake('start')
  await pass(1)
  expect(attempts).toBe(1)
  nowMs -= 86_400_000
  for (let minute = 0; minute < 10; minute += 1) await pass(60_000)
  expect(attempts).toBeGreaterThanOrEqual(10)
  patient.close()
})

test('where asks have led to nothing, no flood of nudges begins a run before there is room for another ask; a person’s try does', async () => {
  let asked: WakeReason[] = []
  const held = new Scheduler({
    clock: { nowMs: () => Date.now() },
    random: { id: () => '', fraction: () => 0.5 },
    run: async (reason): Promise<RunResult> => {
      asked.push(reason)
      return { type: 'ended', state: IDLE, exchanges: 0, isUpToDate: false, pausedMs: 30_000 }
    },
  })
  const flood = async (steps: number): Promise<void> => {
    for (let step = 0; step < steps; step += 1) {
      for (const reason of ['nudge', 'online', 'write', 'sync-event'] as const) held.wake(reason)
      await vi.advanceTimersByTimeAsync(100)
    }
  }
  await flood(295)
  expect(asked).toHaveLength(1)
  held.wake('retry')
  await flood(1)
  expect(asked).toEqual([asked[0], 'retry'])
  asked = []
  await flood(1_200)
  expect(asked.length).toBeLessThanOrEqual(4)
  expect(asked.length).toBeGreaterThanOrEqual(3)
  held.close()
})

test.each([-86_400_000, -600_000, -3_000, 86_400_000])(
  'a wait that the timer has measured is over in a clock that is put by %i ms: the run is told so',
  async (byMs) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let nowMs = 1_700_000_000_000
    const waited: (number | undefined)[] = []
    const wait = { untilMs: nowMs + 60_001, reason: 'network' } as const
    const patient = new Scheduler({
      clock: { nowMs: () => nowMs },
      random: { id: () => '', fraction: () => 0.5 },
      run: async (_reason, waitedUntilMs): Promise<RunResult> => {
        waited.push(waitedUntilMs)
        const waiting: InitiatorState = { type: 'waiting', memory: { ...INITIAL_MEMORY, wait }, wait }
        return { type: 'ended', state: waiting, exchanges: 1, isUpToDate: false }
      },
    })
    const pass = async (ms: number): Promise<void> => {
      nowMs += ms
      await vi.advanceTimersByTimeAsync(ms)
    }
    patient.wake('start')
    await pass(1)
    await pass(20_000)
    nowMs += byMs
    await pass(40_001)
    expect(waited.slice(0, 2)).toEqual([undefined, wait.untilMs])
    patient.close()
  },
)
