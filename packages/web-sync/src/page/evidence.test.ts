import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SyncError } from '../contract/index.ts'
import { createWorld, until, type World } from './tabs.fixture.ts'

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
  let space!: Awaited<ReturnType<World['open']>>
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

test('a wait that is under way ends with the space, and is taken up by the mutation’s id', async () => {
  world.isOnline = false
  const space = await world.open('ann')
  const write = space.collections.plain.insert({ id: 'a' })
  await write
  const waiting = endOf(write.accepted)
  await space.signOut({ unsent: 'keep' })
  expect(await waiting).toBe('closed')
  world.isOnline = true
  const again = await world.open('ann')
  expect(await endOf(again.write(write.mutationId).accepted)).toBe('resolved')
})
