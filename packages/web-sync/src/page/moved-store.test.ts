import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type MemoryStorage, memoryStorage } from '../../../web-sync-server/src/storage/memory-storage.ts'
import { type Addresses, createAddresses, idsOf, type Notes, notesOf, serve, untilIdle } from './addresses.fixture.ts'
import type { Space, SpaceOptions } from './space.ts'
import { until } from './tabs.fixture.ts'

// A partner that moves to another address, and the app that says so: nothing that a device has is lost, asked for again, or left behind.

const schema = notesOf('notes')

let at: Addresses

beforeEach(() => {
  at = createAddresses('moved')
})

afterEach(async () => {
  await at.close()
})

function open(options: Partial<SpaceOptions<Notes>>): Promise<Space<Notes>> {
  return at.open(schema, options)
}

const AT_FIRST = { endpoint: '/first/sync' }
const MOVED = { endpoint: '/second/sync', movedFrom: '/first/sync' }

/** A store at the first address, with a write that its partner has accepted and one that is unsent. */
async function leaveStore(): Promise<{ storage: MemoryStorage; replicaId: string }> {
  const storage = memoryStorage()
  at.served.set('first', serve(schema, storage))
  const space = await open(AT_FIRST)
  await space.collections.notes.insert({ id: 'accepted', text: 'a' }).accepted
  await untilIdle(space)
  at.served.clear()
  await space.collections.notes.insert({ id: 'unsent', text: 'b' })
  await until(space.status, ({ pending }) => pending === 1)
  const { replicaId } = space.status.getSnapshot()
  await space.close()
  return { storage, replicaId }
}

async function databases(): Promise<number> {
  const names = (await indexedDB.databases()).map(({ name = '' }) => name)
  return names.filter((name) => /^web-sync-[0-9a-f]{32}/.test(name)).length
}

async function untilLeft(count: number): Promise<void> {
  await expect.poll(databases).toBe(count)
}

describe('a store whose partner moves', () => {
  test('goes on as it was, out of reach of the new address too, and sends what was unsent', async () => {
    const { storage, replicaId } = await leaveStore()
    const space = await open(MOVED)
    expect(await idsOf(space)).toEqual(['accepted', 'unsent'])
    expect(space.status.getSnapshot()).toMatchObject({ isPartial: false, pending: 1, replicaId })
    await untilLeft(1)
    const partner = serve(schema, storage)
    at.served.set('second', partner)
    space.retry()
    await untilIdle(space)
    expect((await partner.read('team', 'notes', 'unsent'))?.value['text']).toBe('b')
    expect(space.status.getSnapshot()).toMatchObject({ refused: 0, salvage: 0, replicaId })
    expect(at.reports).toEqual([])
    expect([...at.world.remembered.keys()]).toHaveLength(1)
  })

  test('two tabs at once make one store of it', async () => {
    const { storage, replicaId } = await leaveStore()
    const [one, two] = await Promise.all([open(MOVED), open(MOVED)])
    for (const space of [one, two]) expect(await idsOf(space)).toEqual(['accepted', 'unsent'])
    await Promise.all([
      one.collections.notes.insert({ id: 'x', text: '1' }),
      two.collections.notes.insert({ id: 'y', text: '2' }),
    ])
    at.served.set('second', serve(schema, storage))
    one.retry()
    await untilIdle(one)
    for (const space of [one, two]) {
      expect(await idsOf(space)).toEqual(['accepted', 'unsent', 'x', 'y'])
      expect(space.status.getSnapshot().replicaId).toBe(replicaId)
    }
    await untilLeft(1)
  })

  test('a tab of the former address ends, and stores nothing that would stay behind', async () => {
    await leaveStore()
    const old = await open(AT_FIRST)
    const space = await open(MOVED)
    await expect(Promise.resolve(old.collections.notes.insert({ id: 'late', text: 'c' }))).rejects.toMatchObject({
      code: 'closed',
    })
    expect(await idsOf(space)).toEqual(['accepted', 'unsent'])
    await untilLeft(1)
  })

  test('may go on being opened with the old address in the options, or without it', async () => {
    await leaveStore()
    for (const options of [MOVED, MOVED, { endpoint: '/second/sync' }]) {
      const space = await open(options)
      expect(await idsOf(space)).toEqual(['accepted', 'unsent'])
      await space.close()
    }
    const back = await open({ endpoint: '/first/sync', movedFrom: ['/third/sync', '/second/sync'] })
    expect(await idsOf(back)).toEqual(['accepted', 'unsent'])
    await untilLeft(1)
  })

  test('an app that had no partner gets one', async () => {
    const local = await open({})
    await local.collections.notes.insert({ id: 'local', text: 'l' })
    await local.close()
    const partner = serve(schema)
    at.served.set('second', partner)
    const space = await open({ endpoint: '/second/sync', movedFrom: null })
    await untilIdle(space)
    expect((await partner.read('team', 'notes', 'local'))?.value['text']).toBe('l')
    await untilLeft(1)
  })

  test('is carried over to a store that is there already: nothing is lost, and nothing newer undone', async () => {
    const { storage } = await leaveStore()
    const partner = serve(schema, storage)
    at.served.set('second', partner)
    const early = await open({ endpoint: '/second/sync' })
    await early.collections.notes.put({ id: 'unsent', text: 'newer' }).accepted
    await early.collections.notes.insert({ id: 'early', text: 'e' }).accepted
    await early.close()
    const space = await open(MOVED)
    await untilLeft(1)
    await until(space.status, ({ pending, refused }) => pending === 0 && refused === 1)
    expect(await idsOf(space)).toEqual(['accepted', 'early', 'unsent'])
    expect((await partner.read('team', 'notes', 'unsent'))?.value['text']).toBe('newer')
    expect(at.reports).toEqual([])
  })

  test('is carried over to a store in use: what is written there next takes the place of nothing', async () => {
    const { storage } = await leaveStore()
    const partner = serve(schema, storage)
    at.served.set('second', partner)
    const early = await open({ endpoint: '/second/sync' })
    await early.collections.notes.insert({ id: 'early', text: 'e' }).accepted
    await early.close()
    at.served.clear()
    const space = await open(MOVED)
    await untilLeft(1)
    for (const id of ['x', 'y', 'z']) await space.collections.notes.insert({ id, text: 'next' })
    const all = ['accepted', 'early', 'unsent', 'x', 'y', 'z']
    expect(await idsOf(space)).toEqual(all)
    at.served.set('second', partner)
    space.retry()
    await untilIdle(space)
    expect(space.status.getSnapshot()).toMatchObject({ refused: 0, setAside: 0 })
    for (const id of all) expect((await partner.read('team', 'notes', id))?.value['id']).toBe(id)
  })

  test('is signed out of with the new address, also in spaces that were not opened there', async () => {
    await leaveStore()
    const other = await open({ ...AT_FIRST, space: 'other' })
    await other.collections.notes.insert({ id: 'o', text: 'o' })
    await other.close()
    const space = await open(MOVED)
    expect(await space.signOut({ unsent: 'send-first', timeoutMs: 1 })).toMatchObject({ type: 'unsent' })
    const result = await space.signOut({ unsent: 'discard' })
    expect(result).toMatchObject({ type: 'removed' })
    expect(result.spaces.map(({ space: name, unsent }) => [name, unsent])).toEqual([
      ['other', 1],
      ['team', 1],
    ])
    await untilLeft(0)
    expect(await idsOf(await open(MOVED))).toEqual([])
  })

  test('that the browser threw away before it moved is reported', async () => {
    await leaveStore()
    vi.stubGlobal('indexedDB', new IDBFactory())
    const space = await open(MOVED)
    await until(space.status, ({ storage }) => storage.evictedUnsent === 1)
    await expect.poll(() => at.reports).toEqual(['storage-evicted'])
  })

  test('needs an address that is one', async () => {
    await expect(open({ endpoint: '/second/sync', movedFrom: 'http://[' })).rejects.toMatchObject({
      code: 'invalid-option',
      path: '/movedFrom',
    })
  })
})
