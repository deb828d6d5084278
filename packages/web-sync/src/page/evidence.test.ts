import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb'
import { type IDBPDatabase, openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { memoryStorage } from '../../../web-sync-server/src/storage/memory-storage.ts'
import { SyncError } from '../contract/index.ts'
import { createWorld, until, type World } from './tabs.fixture.ts'

type OpenSpace = Awaited<ReturnType<World['open']>>

let world: World
let count = 0

beforeEach(() => {
  count += 1
  world = createWorld(`evidence-${count}`)
})

afterEach(async () => {
  await world.close()
  vi.unstubAllGlobals()
})

/** How a promise ended. */
function endOf(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof SyncError ? error.code : String(error)),
  )
}

/** The browser throws the origin's data away while a tab has it open. */
async function evictAfter(use: () => Promise<void>): Promise<void> {
  const databases: IDBDatabase[] = []
  const open = indexedDB.open.bind(indexedDB)
  const watching = vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
    const request = open(...args)
    request.addEventListener('success', () => databases.push(request.result))
    return request
  })
  await use()
  watching.mockRestore()
  vi.stubGlobal('indexedDB', new IDBFactory())
  for (const database of databases) forceCloseDatabase(database as never)
}

test('a write that is evicted under the open tab was not accepted: whoever asks, before or after, is told storage-evicted', async () => {
  world.isOnline = false
  let space!: OpenSpace
  const reports: string[] = []
  const asked: Promise<string>[] = []
  let mutationId = ''
  await evictAfter(async () => {
    space = await world.open('ann', { onReport: (code) => reports.push(code) })
    const write = space.collections.plain.insert({ id: 'a' })
    ;({ mutationId } = write)
    await write
    asked.push(endOf(write.accepted), endOf(write.durable))
    await until(space.status, ({ pending }) => pending === 1)
  })
  await space.collections.plain.get('a').catch(() => undefined)
  await expect.poll(() => reports).toContain('storage-evicted')
  const late = space.write(mutationId)
  const ends = await Promise.all([...asked, endOf(late), endOf(late.accepted), endOf(late.durable)])
  expect(new Set(ends)).toEqual(new Set(['storage-evicted']))
})

test('an accepted write that leaves the journal by its size was accepted, and is not called durable', async () => {
  const space = await world.open('ann')
  const first = space.collections.notes.insert({ id: 'first', text: '' })
  await first.accepted
  const before = endOf(first.durable)
  for (let index = 0; index < 45; index += 1) {
    await space.collections.notes.insert({ id: `big-${index}`, text: 'x'.repeat(200_000) })
  }
  await until(
    space.status,
    ({ pending, state, journalDropped }) => pending === 0 && state === 'idle' && journalDropped > 0,
  )
  expect(await before).toBe('durability-unknown')
  expect(await endOf(first.durable)).toBe('durability-unknown')
  expect(await endOf(first.accepted)).toBe('resolved')
}, 60_000)

test('nothing is known of a write that was never made: not even that it is stored', async () => {
  const space = await world.open('ann')
  const write = space.write(crypto.randomUUID())
  expect([await endOf(write), await endOf(write.accepted), await endOf(write.durable)]).toEqual(
    Array.from({ length: 3 }, () => 'not-found'),
  )
})

test.each([
  { way: 'close', leave: (space: OpenSpace) => space.close() },
  { way: 'wipe', leave: (space: OpenSpace) => space.wipe() },
  { way: 'sign-out (keep)', leave: (space: OpenSpace) => space.signOut({ unsent: 'keep' }) },
  { way: 'sign-out (discard)', leave: (space: OpenSpace) => space.signOut({ unsent: 'discard' }) },
])('$way: all that wait are told closed', async ({ leave }) => {
  world.isOnline = false
  const space = await world.open('ann')
  const write = space.collections.plain.insert({ id: 'a' })
  await write
  const waiting = [endOf(write.accepted), endOf(write.durable)]
  await leave(space)
  expect(await Promise.all(waiting)).toEqual(['closed', 'closed'])
})

test('sign-out (send-first): it is accepted, and what waits for more is told closed', async () => {
  world.isOnline = false
  const space = await world.open('ann')
  const write = space.collections.plain.insert({ id: 'a' })
  await write
  const waiting = [endOf(write.accepted), endOf(write.durable)]
  world.isOnline = true
  expect(await space.signOut({ unsent: 'send-first' })).toMatchObject({ type: 'removed' })
  const [accepted, durable] = await Promise.all(waiting)
  expect(['resolved', 'closed']).toContain(accepted)
  expect(durable).toBe('closed')
  expect(await world.partner.read(space.space, 'plain', 'a')).not.toBeNull()
})

test('a wait that ended with the space is taken up by the mutation’s id', async () => {
  world.isOnline = false
  const space = await world.open('ann')
  const write = space.collections.plain.insert({ id: 'a' })
  await write
  await space.signOut({ unsent: 'keep' })
  world.isOnline = true
  const again = await world.open('ann')
  expect(await endOf(again.write(write.mutationId).accepted)).toBe('resolved')
})

test('the worker dies while a write is waited for: the next one looks again, and says what is true', async () => {
  world.isOnline = false
  const space = await world.open('ann')
  const write = space.collections.plain.insert({ id: 'a' })
  await write
  const waiting = [endOf(write.accepted), endOf(space.write(crypto.randomUUID()).durable)]
  world.killWorkers()
  expect(await waiting[1]).toBe('not-found')
  world.isOnline = true
  space.retry()
  expect(await waiting[0]).toBe('resolved')
})

/** The first row is gone, and `spoil` does the rest. */
async function breakDatabase(spoil: (db: IDBPDatabase) => Promise<void>): Promise<void> {
  const names = (await indexedDB.databases()).map(({ name = '' }) => name)
  const db = await openDB(names.find((name) => /^web-sync-[0-9a-f]{32}$/.test(name)) ?? '')
  await db.clear('meta')
  await spoil(db)
  db.close()
}

describe('the database breaks under the open tab while a write is waited for', () => {
  test('it is among what can be read: it is brought over, sent, and accepted', async () => {
    world.isOnline = false
    const space = await world.open('ann')
    const write = space.collections.plain.insert({ id: 'a' })
    await write
    const waiting = endOf(write.accepted)
    await breakDatabase(async () => undefined)
    await space.collections.plain.insert({ id: 'b' })
    await until(space.status, ({ storage }) => storage.recovery?.isRead === true)
    world.isOnline = true
    space.retry()
    expect(await waiting).toBe('resolved')
    expect(await world.partner.read(space.space, 'plain', 'a')).not.toBeNull()
  })

  test('it cannot be read: whoever waits, and whoever asks later, is told storage-replaced', async () => {
    world.isOnline = false
    const space = await world.open('ann')
    const write = space.collections.plain.insert({ id: 'a' })
    await write
    const waiting = [endOf(write.accepted), endOf(write.durable)]
    await breakDatabase(async (db) => {
      for (const key of await db.getAllKeys('groups')) await db.put('groups', { group: key, text: '[["outb' })
    })
    await space.collections.plain.insert({ id: 'b' })
    await until(space.status, ({ storage }) => storage.recovery?.isRead === true)
    const late = space.write(write.mutationId)
    const ends = await Promise.all([...waiting, endOf(late), endOf(late.accepted), endOf(late.durable)])
    expect(new Set(ends)).toEqual(new Set(['storage-replaced']))
  })
})

/** Channels whose messages of these types never arrive. */
function lose(types: readonly string[]): void {
  vi.stubGlobal(
    'BroadcastChannel',
    class extends BroadcastChannel {
      override postMessage(message: { readonly type?: string }): void {
        if (!types.includes(message.type ?? '')) super.postMessage(message)
      }
    },
  )
}

describe('the context that sent a write dies before it can say so', () => {
  test.each([
    ['its notice is lost', ['notice']],
    ['everything that it says is lost', ['notice', 'ran']],
  ])('%s: who waits in another tab hears of it all the same, and sees the change', async (_name, types) => {
    lose(types)
    const storage = memoryStorage()
    world = createWorld(`lost-notice-${types.length}`, { storage })
    const writing = await world.open('ann')
    const sending = await world.open('ann')
    await until(writing.status, ({ state, key }) => state === 'idle' && key !== 0)
    world.isOnline = false
    const write = writing.collections.plain.insert({ id: 'a', size: 1 })
    await write
    const ends = [endOf(write.accepted), endOf(write.durable)]
    await until(writing.status, ({ state }) => state === 'waiting')
    await world.partner.transact(writing.space, (tx) => tx['plain']?.put({ id: 'b', size: 2 }))
    const seen: number[] = []
    const stop = writing.collections.plain.query().subscribe(({ records }) => void seen.push(records.length))
    await expect.poll(() => seen.at(-1)).toBe(1)
    world.isOnline = true
    sending.retry()
    await until(sending.status, ({ pending, state }) => pending === 0 && state === 'idle')
    await storage.markDurable(writing.space)
    sending.retry()
    await until(sending.status, ({ journal, state }) => journal === 0 && state === 'idle')
    // The other tab's next run, whatever leads to it.
    if (types.includes('ran')) writing.retry()
    expect(await Promise.all(ends)).toEqual(['resolved', 'resolved'])
    await expect.poll(() => seen.at(-1)).toBe(2)
    stop()
  })
})
