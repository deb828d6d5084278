import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ReportCode } from '../contract/index.ts'
import { createWorld, until, type World } from './tabs.fixture.ts'

let world: World
let count = 0

beforeEach(() => {
  count += 1
  world = createWorld(`storage-${count}`)
})

afterEach(async () => {
  await world.close()
  vi.unstubAllGlobals()
})

/** The browser's storage: how much is used of 1,000 bytes, and how often it was asked. */
function stubStorage(): { usage: number; asked: number; persist: () => Promise<boolean>; isPersisted: boolean } {
  const stub = {
    usage: 100,
    asked: 0,
    isPersisted: false,
    persist: async () => {
      stub.isPersisted = true
      return true
    },
    persisted: async () => stub.isPersisted,
    estimate: async () => {
      stub.asked += 1
      return { usage: stub.usage, quota: 1_000 }
    },
  }
  vi.stubGlobal('navigator', { locks: navigator.locks, onLine: true, storage: stub })
  return stub
}

/** Opens a space, writes, and says what the app was told of lost writes until that was in the status: whatever an opening tells comes before. */
async function openAndListen(): Promise<{ space: Awaited<ReturnType<World['open']>>; reports: readonly ReportCode[] }> {
  const reports: ReportCode[] = []
  const space = await world.open('ann', { onReport: (code) => reports.push(code) })
  const { written } = space.status.getSnapshot()
  await space.collections.plain.insert({ id: crypto.randomUUID() })
  await until(space.status, (status) => status.written > written)
  return { space, reports }
}

test('a database that is gone is told apart from a new device, with the unsent writes that it had', async () => {
  const reports: ReportCode[] = []
  const heard = new EventTarget()
  const isHeard = new Promise((resolve) => {
    heard.addEventListener('report', resolve)
  })
  const onReport = (code: ReportCode): void => {
    reports.push(code)
    heard.dispatchEvent(new Event('report'))
  }
  world.isOnline = false
  const first = await world.open('ann', { onReport })
  await first.collections.plain.insert({ id: 'a' })
  await first.collections.plain.insert({ id: 'b' })
  await until(first.status, ({ pending }) => pending === 2)
  await first.close()
  expect(reports).toEqual([])
  vi.stubGlobal('indexedDB', new IDBFactory())
  const second = await world.open('ann', { onReport })
  const { storage } = await until(second.status, (status) => status.storage.evictedAtMs !== null)
  expect([storage.evictedUnsent, storage.recovery]).toEqual([2, null])
  await isHeard
  expect(reports).toEqual(['storage-evicted'])
  const other = await world.open('ben', { onReport })
  expect(other.status.getSnapshot().storage).toMatchObject({ evictedAtMs: null, evictedUnsent: null })
})

test('a database without the last writes that it was given is noticed, with the unsent ones among them, once', async () => {
  world.isOnline = false
  const first = await world.open('ann')
  await first.collections.plain.insert({ id: 'a' })
  await first.collections.plain.insert({ id: 'b' })
  const { storage: made } = await until(first.status, ({ pending }) => pending === 2)
  await first.close()
  const [key = ''] = world.remembered.keys()
  expect(world.remembered.get(key)).toBe(`0 2 2 ${made.madeAtMs}`)
  // As if three more had been made, and one of all five had been sent.
  world.remembered.set(key, `0 4 5 ${made.madeAtMs}`)
  const again = await world.open('ann')
  const { storage } = await until(again.status, (status) => status.storage.evictedAtMs !== null)
  expect([storage.evictedUnsent, storage.recovery]).toEqual([3, null])
  // What was told is not told again by the next worker, nor at the next start.
  world.killWorkers()
  await again.collections.plain.insert({ id: 'c' })
  const next = await until(again.status, ({ pending }) => pending === 3)
  expect(next.storage.evictedAtMs).toBeNull()
  await again.close()
  expect((await openAndListen()).reports).toEqual([])
})

test('a database that is gone is told once, also if nothing was written or synced since', async () => {
  world.isOnline = false
  const first = await world.open('ann')
  await first.collections.plain.insert({ id: 'a' })
  await until(first.status, ({ pending }) => pending === 1)
  await first.close()
  vi.stubGlobal('indexedDB', new IDBFactory())
  const second = await world.open('ann')
  await until(second.status, ({ storage }) => storage.evictedUnsent === 1)
  await second.close()
  expect((await openAndListen()).reports).toEqual([])
})

test('a database that the browser throws away while it is being opened is told once', async () => {
  world.isOnline = false
  const first = await world.open('ann')
  await first.collections.plain.insert({ id: 'a' })
  await until(first.status, ({ pending }) => pending === 1)
  await first.close()
  const transaction = Reflect.get<IDBDatabase, 'transaction'>(IDBDatabase.prototype, 'transaction')
  const begin = vi.spyOn(IDBDatabase.prototype, 'transaction')
  // The first look into it, after it was found to be whole.
  begin.mockImplementation(function thrownAway(this: IDBDatabase, names, mode, options) {
    if (mode !== 'readwrite' && this.objectStoreNames.contains('meta')) {
      begin.mockRestore()
      vi.stubGlobal('indexedDB', new IDBFactory())
      forceCloseDatabase(this as never)
    }
    return transaction.call(this, names, mode, options)
  })
  const { space, reports } = await openAndListen()
  expect(reports).toEqual(['storage-evicted'])
  expect(space.status.getSnapshot().storage.evictedUnsent).toBe(1)
})

test('a worker that finds the database gone knows what there was when the one before it ended', async () => {
  world.isOnline = false
  const space = await world.open('ann')
  await space.collections.plain.insert({ id: 'a' })
  await until(space.status, ({ pending }) => pending === 1)
  vi.stubGlobal('indexedDB', new IDBFactory())
  world.killWorkers()
  const { storage } = await until(space.status, ({ storage: { evictedAtMs } }) => evictedAtMs !== null)
  expect(storage.evictedUnsent).toBe(1)
})

test('what a tab remembers of a wiped database says nothing of the next one', async () => {
  world.isOnline = false
  const first = await world.open('ann')
  await first.collections.plain.insert({ id: 'a' })
  await first.collections.plain.insert({ id: 'b' })
  await until(first.status, ({ pending }) => pending === 2)
  const [[key, note] = ['', '']] = world.remembered
  // As if a status that was on its way had noted it once more at once.
  vi.spyOn(world.remembered, 'delete').mockReturnValueOnce(true)
  await first.wipe()
  expect(world.remembered.size).toBe(0)
  const second = await openAndListen()
  expect(second.reports).toEqual([])
  await second.space.close()
  // A tab that had stood still notes what it was told before the wipe.
  world.remembered.set(key, note)
  expect((await openAndListen()).reports).toEqual([])
})

test('a wiped space is new when it is opened again', async () => {
  const space = await world.open('ann')
  await space.collections.plain.insert({ id: 'a' }).accepted
  await space.wipe()
  const again = await world.open('ann')
  await until(again.status, ({ isPartial }) => !isPartial)
  expect(again.status.getSnapshot().storage.evictedAtMs).toBeNull()
})

test('the status says that room is running out before a write is refused, and the browser is asked once a minute at most', async () => {
  const storage = stubStorage()
  const clock = vi.spyOn(Date, 'now')
  clock.mockReturnValue(1_000_000)
  const space = await world.open('ann', { persistStorage: false })
  await until(space.status, (status) => status.storage.isLow === false)
  storage.usage = 950
  for (const id of ['a', 'b', 'c']) await space.collections.plain.insert({ id })
  await until(space.status, ({ pending, state }) => pending === 0 && state === 'idle')
  expect(storage.asked).toBe(1)
  clock.mockReturnValue(1_061_000)
  await space.collections.plain.insert({ id: 'd' })
  const status = await until(space.status, ({ storage: { isLow } }) => isLow === true)
  expect(status.storage).toMatchObject({ usage: 950, quota: 1_000, isLow: true })
  clock.mockRestore()
})

test('the browser is asked to keep the data after the first write, not before, and the answer is in the status', async () => {
  const storage = stubStorage()
  const space = await world.open('ann')
  await until(space.status, (status) => status.storage.persisted === false)
  await space.collections.plain.insert({ id: 'a' })
  await until(space.status, (status) => status.storage.persisted === true)
  expect(storage.isPersisted).toBe(true)
})

test('an app that does not want to ask does not', async () => {
  const storage = stubStorage()
  const space = await world.open('ann', { persistStorage: false })
  await space.collections.plain.insert({ id: 'a' }).accepted
  expect(storage.isPersisted).toBe(false)
})
