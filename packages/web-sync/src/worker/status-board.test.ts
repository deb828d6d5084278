import { INITIAL_KEY, INITIAL_MEMORY, stateFromMemory, transition } from 'web-sync-protocol'
import { expect, test } from 'vitest'
import { SyncError, type SpaceEvent, type SpaceStatus, type Store, type SyncSummary } from '../contract/index.ts'
import { StatusBoard } from './status-board.ts'

const COUNTS = { pending: 0, setAside: 0, refused: 0, journal: 0, salvage: 0, journalDropped: 0, written: 0 }
const IDLE = stateFromMemory(INITIAL_MEMORY)
const ASKING = transition(IDLE, { type: 'wake', reason: 'write', nowMs: 0 }).state

const summaryOf = (pending: number, refused: number): SyncSummary => ({
  key: INITIAL_KEY,
  partnershipId: null,
  replicaId: 'replica',
  isSettled: true,
  isResyncing: false,
  progress: null,
  lastSyncAtMs: null,
  madeAtMs: 1,
  evictedAtMs: null,
  recovery: null,
  memory: INITIAL_MEMORY,
  counts: { ...COUNTS, pending, refused },
})

/** A board over a store whose summaries come when the test says so. */
function openBoard(): {
  board: StatusBoard
  told: SpaceStatus[]
  /** Looks at the store that wait for their answer. */
  readings: readonly unknown[]
  answer: (summary: SyncSummary) => Promise<void>
} {
  const told: SpaceStatus[] = []
  const readings: ((summary: SyncSummary) => void)[] = []
  const readSummary = (): Promise<SyncSummary> => new Promise((resolve) => readings.push(resolve))
  const board = new StatusBoard({
    store: { readSummary } as Store,
    hasPartner: true,
    isOnline: () => true,
    emit: (event: SpaceEvent) => void (event.type === 'status' && told.push(event.status)),
    onSummary: () => undefined,
    onFault: (error) => {
      throw error
    },
  })
  const answer = async (summary: SyncSummary): Promise<void> => {
    await expect.poll(() => readings.length).toBe(1)
    readings.shift()?.(summary)
  }
  return { board, told, readings, answer }
}

test('a run counts as at work until what it left has been read: never `idle` beside what was still to be sent', async () => {
  const { board, told, answer } = openBoard()
  board.show(summaryOf(4, 0))
  board.onRunEvent({ type: 'state', state: ASKING })
  board.onRunEvent({ type: 'state', state: IDLE })
  board.endRun()
  expect(told.at(-1)).toMatchObject({ state: 'syncing', pending: 4 })
  await answer(summaryOf(0, 2))
  await expect.poll(() => told.at(-1)).toMatchObject({ state: 'idle', pending: 0, refused: 2 })
  expect(told.map(({ state, pending }) => [state, pending])).toEqual([
    ['idle', 4],
    ['syncing', 4],
    ['idle', 0],
  ])
  board.close()
})

test('a run that begins before the last one’s end has been read is at work', async () => {
  const { board, told, answer } = openBoard()
  board.show(summaryOf(4, 0))
  board.onRunEvent({ type: 'state', state: ASKING })
  board.endRun()
  board.onRunEvent({ type: 'state', state: ASKING })
  await answer(summaryOf(3, 0))
  await expect.poll(() => told.at(-1)?.pending).toBe(3)
  expect(told.at(-1)?.state).toBe('syncing')
  board.endRun()
  await answer(summaryOf(0, 0))
  await expect.poll(() => told.at(-1)?.state).toBe('idle')
  board.close()
})

test('while a run is at work the store is looked at now and then, and at once where the database may be another one', async () => {
  const { board, told, readings, answer } = openBoard()
  board.show(summaryOf(1, 0))
  board.onRunEvent({ type: 'state', state: ASKING })
  board.touch()
  expect(readings).toHaveLength(0)
  board.hurry()
  expect(readings).toHaveLength(1)
  await answer(summaryOf(0, 0))
  await expect.poll(() => told.at(-1)?.pending).toBe(0)
  board.close()
})

test('a device that is too full even to be read is no end: the status stays as it was, and is read again', async () => {
  const full = new SyncError('quota-exceeded', 'full')
  const answers = [() => Promise.reject(full), () => Promise.resolve(summaryOf(3, 0))]
  const told: SpaceStatus[] = []
  const faults: unknown[] = []
  const board = new StatusBoard({
    store: { readSummary: () => answers.shift()?.() } as Store,
    hasPartner: true,
    isOnline: () => true,
    emit: (event: SpaceEvent) => void (event.type === 'status' && told.push(event.status)),
    onSummary: () => undefined,
    onFault: (error) => void faults.push(error),
  })
  await board.refresh()
  expect([told, faults]).toEqual([[], []])
  await board.refresh()
  expect(told.map(({ pending }) => pending)).toEqual([3])
  board.close()
})
