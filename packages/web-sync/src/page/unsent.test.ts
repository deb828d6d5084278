import { openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createPartner } from '../../../web-sync-server/src/partner.ts'
import type { Partner } from '../../../web-sync-server/src/partner-types.ts'
import { memoryStorage } from '../../../web-sync-server/src/storage/memory-storage.ts'
import { openRegistry } from '../store/registry.ts'
import { createWorld, schema, until, type World } from './tabs.fixture.ts'

/** Decision 0018: nothing unsent is thrown away unasked, wherever it is. */

type OpenSpace = Awaited<ReturnType<World['open']>>

let world: World
let count = 0
const partners: Partner[] = []

beforeEach(() => {
  count += 1
  world = createWorld(`unsent-${count}`)
})

afterEach(async () => {
  await world.close()
  for (const partner of partners.splice(0)) await partner.close()
  vi.unstubAllGlobals()
})

/** A server that was wiped, or never was: it knows no device. */
function createFreshPartner(): Partner {
  const partner = createPartner({
    schema,
    storage: memoryStorage(),
    authenticate: async (request) => ({ account: request.headers.get('x-account') ?? '' }),
    authorize: () => 'write',
  })
  partners.push(partner)
  return partner
}

async function openIdle(options: Parameters<World['open']>[1] = {}): Promise<OpenSpace> {
  const space = await world.open('ann', options)
  await until(space.status, ({ state, isPartial }) => state === 'idle' && !isPartial)
  return space
}

async function listStores(): Promise<readonly string[]> {
  const databases = await indexedDB.databases()
  return databases.map(({ name = '' }) => name).filter((name) => name !== 'web-sync-registry')
}

/** As a tab has it whose process is stopped: it hears no event, and does not let go. */
async function openFrozen(): Promise<{ close(): void }> {
  const [name = ''] = await listStores()
  return openDB(name)
}

describe.each([
  { list: 'with indexedDB.databases()', hasList: true },
  { list: 'without indexedDB.databases(), as in Firefox before 126', hasList: false },
])('$list', ({ hasList }) => {
  beforeEach(() => {
    const { indexedDB } = globalThis
    const less = new Proxy(indexedDB, {
      get: (target, name) => {
        if (name === 'databases') return undefined
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    if (!hasList) vi.stubGlobal('indexedDB', less)
  })

  test('send-first offline: unsent writes stay, and are counted', async () => {
    const space = await openIdle()
    world.isOnline = false
    await space.collections.notes.insert({ id: 'a', text: 'unsent, promised' })
    expect(await space.signOut({ unsent: 'send-first', timeoutMs: 0 })).toMatchObject({
      type: 'unsent',
      spaces: [{ unsent: 1, isComplete: true }],
    })
    expect(await space.collections.notes.get('a')).toMatchObject({ text: 'unsent, promised' })
  })

  test('keep tells how many writes are unsent', async () => {
    const space = await openIdle()
    world.isOnline = false
    await space.collections.notes.insert({ id: 'a', text: 'unsent, promised' })
    expect(await space.signOut({ unsent: 'keep' })).toMatchObject({ type: 'kept', spaces: [{ unsent: 1 }] })
  })

  test('a wipe tells what it gave up', async () => {
    const space = await openIdle()
    world.isOnline = false
    await space.collections.notes.insert({ id: 'a', text: 'given up' })
    expect(await space.wipe()).toEqual({ space: space.space, unsent: 1, salvaged: 0, isComplete: true })
    await expect(space.wipe()).rejects.toMatchObject({ code: 'closed' })
  })

  test('a space that was opened and closed is counted', async () => {
    const second = await openIdle({ space: 'second' })
    world.isOnline = false
    await second.collections.notes.insert({ id: 'a', text: 'in the second' })
    await second.close()
    world.isOnline = true
    const space = await openIdle()
    const result = await space.signOut({ unsent: 'send-first', timeoutMs: 0 })
    expect(result).toMatchObject({ type: 'unsent', spaces: [{ space: 'second', unsent: 1 }, { unsent: 0 }] })
  })
})

test('a space that the registry does not know is found by its database', async () => {
  const second = await openIdle({ space: 'second' })
  world.isOnline = false
  await second.collections.notes.insert({ id: 'a', text: 'in the second' })
  await second.close()
  const registry = await openRegistry()
  for (const { dbName } of await registry.list()) await registry.remove(dbName)
  registry.close()
  const space = await world.open('ann')
  expect(await space.signOut({ unsent: 'keep' })).toMatchObject({
    spaces: [
      { space: 'second', unsent: 1 },
      { space: space.space, unsent: 0 },
    ],
  })
})

describe('what the server is known or feared to have lost', () => {
  test('accepted writes count while a full resync is under way that may not find them', async () => {
    const space = await openIdle()
    await space.collections.notes.insert({ id: 'a', text: 'accepted by a server that then loses it' }).accepted
    const fresh = createFreshPartner()
    // So many that the snapshot has several pages.
    const many = Array.from({ length: 3_000 }, (_, index) => ({ id: `n${index}`, text: 'text' }))
    await fresh.importRecords(space.space, 'notes', many)
    let isCut = false
    world.fetch = async (url, init) => {
      if (init.method !== 'POST' || isCut) throw new TypeError('no network')
      const response = await fresh.fetch(new Request(url, init))
      if (response.status !== 200) return response
      // The connection breaks after the first page, and then the network is gone.
      isCut = true
      return new Response(firstPart(response), { status: 200, headers: response.headers })
    }
    const result = await space.signOut({ unsent: 'send-first', timeoutMs: 1_000 })
    expect(result).toMatchObject({ type: 'unsent', spaces: [{ unsent: 1, isComplete: false }] })
    expect(await listStores()).toHaveLength(1)
  })

  test('salvaged records count, and have a reason of their own; discard gives them up', async () => {
    const ann = await openIdle()
    const ben = await world.open('ben')
    await ben.collections.notes.insert({ id: 'b', text: 'by ben' }).accepted
    ann.retry()
    await expect.poll(() => ann.collections.notes.get('b')).toBeDefined()
    await ben.signOut({ unsent: 'discard' })
    const fresh = createFreshPartner()
    world.fetch = async (url, init) => fresh.fetch(new Request(url, init))
    const spaces = [{ space: ann.space, unsent: 1, salvaged: 1, isComplete: true }]
    expect(await ann.signOut({ unsent: 'send-first' })).toEqual({ type: 'unsent', reason: 'salvaged', spaces })
    expect(await ann.salvage.restore()).toBe(1)
    expect(await ann.signOut({ unsent: 'send-first' })).toMatchObject({ type: 'removed', spaces: [{ unsent: 0 }] })
    expect((await fresh.read(ann.space, 'notes', 'b'))?.value).toMatchObject({ text: 'by ben' })
  })
})

/** The first part of a response’s body; then the connection breaks. */
function firstPart(response: Response): ReadableStream<Uint8Array> {
  const reader = response.body?.getReader()
  let hasSent = false
  return new ReadableStream({
    async pull(controller) {
      const part = hasSent ? undefined : (await reader?.read())?.value
      hasSent = true
      if (part === undefined) controller.error(new TypeError('cut'))
      else controller.enqueue(part)
    },
  })
}

describe('a tab that is frozen and has the database open', () => {
  test.each([
    ['a sign-out', async (space: OpenSpace) => (await space.signOut({ unsent: 'discard' })).type],
    ['a wipe', async (space: OpenSpace) => `wiped ${(await space.wipe()).space}`],
  ])(
    '%s ends all the same, and leaves nothing in it',
    async (_what, leave) => {
      const space = await openIdle()
      await space.collections.plain.insert({ id: 'a' }).accepted
      const [name = ''] = await listStores()
      const frozen = await openDB(name)
      expect(await leave(space)).toMatch(/^(removed|wiped)/)
      const names = [...frozen.objectStoreNames]
      expect(await Promise.all(names.map((store) => frozen.count(store)))).toEqual(names.map(() => 0))
      frozen.close()
      // The browser does the rest by itself.
      await expect.poll(listStores).toEqual([])
    },
    20_000,
  )
})

/** The account’s store is in its second database; the first one is as `spoil` leaves it. */
async function openReplaced(spoil: (name: string) => Promise<unknown>): Promise<OpenSpace> {
  const first = await openIdle()
  world.isOnline = false
  await first.collections.notes.insert({ id: 'a', text: 'unsent' })
  await first.close()
  const [name = ''] = await listStores()
  await spoil(name)
  const space = await world.open('ann')
  await until(space.status, ({ storage }) => storage.recovery !== null)
  return space
}

/** Its first row is gone, so it is replaced; what was written in it can be read. */
async function loseFirstRow(name: string): Promise<void> {
  const db = await openDB(name)
  await db.clear('meta')
  db.close()
}

describe('databases that were left for a fresh one', () => {
  test('one that cannot be deleted does not hold up send-first: what was in it is in the fresh one, and counted there', async () => {
    let frozen: { close(): void } | null = null
    const space = await openReplaced(async (name) => {
      await loseFirstRow(name)
      frozen = await openFrozen()
    })
    await until(space.status, ({ pending }) => pending === 1)
    expect(await space.signOut({ unsent: 'send-first', timeoutMs: 0 })).toMatchObject({ spaces: [{ unsent: 1 }] })
    world.isOnline = true
    expect(await space.signOut({ unsent: 'send-first' })).toMatchObject({ type: 'removed', spaces: [{ unsent: 0 }] })
    expect((await world.partner.read(space.space, 'notes', 'a'))?.value).toMatchObject({ text: 'unsent' })
    ;(frozen as { close(): void } | null)?.close()
    await expect.poll(listStores).toEqual([])
  }, 60_000)

  test('one that cannot be read keeps send-first from removing anything, and discard removes it too', async () => {
    const space = await openReplaced(async (name) => {
      await loseFirstRow(name)
      const getAllKeys = Reflect.get<IDBObjectStore, 'getAllKeys'>(IDBObjectStore.prototype, 'getAllKeys')
      vi.spyOn(IDBObjectStore.prototype, 'getAllKeys').mockImplementation(function failing(
        this: IDBObjectStore,
        ...args: Parameters<typeof getAllKeys>
      ) {
        if (this.transaction.db.name === name) throw new DOMException('Internal error.', 'UnknownError')
        return getAllKeys.apply(this, args)
      })
    })
    world.isOnline = true
    await until(space.status, ({ state }) => state === 'idle')
    expect(await space.signOut({ unsent: 'send-first', timeoutMs: 500 })).toMatchObject({
      type: 'unsent',
      reason: 'unreadable',
      spaces: [{ unsent: 0, isComplete: false }],
    })
    expect(await listStores()).toHaveLength(2)
    expect(await space.signOut({ unsent: 'discard' })).toMatchObject({
      type: 'removed',
      spaces: [{ isComplete: false }],
    })
    expect(await listStores()).toEqual([])
    vi.restoreAllMocks()
  })
})
