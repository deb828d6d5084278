import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SyncError } from '../contract/index.ts'
import { openSpace } from './open-space.ts'
import { createWorld, schema, until, type World } from './tabs.fixture.ts'

let world: World
let count = 0

beforeEach(() => {
  count += 1
  world = createWorld(`team-${count}`, {
    allow: ({ op }) => op.op === 'delete' || op.value['text'] !== 'forbidden' || { message: 'no such words' },
  })
})

afterEach(async () => {
  await world.close()
})

async function errorOf(work: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof SyncError) return error
  throw new Error(`not a SyncError: ${String(error)}`)
}

function createBrokenWorker(): Worker {
  const broken = Object.assign(new EventTarget(), { postMessage: () => undefined, terminate: () => undefined })
  queueMicrotask(() => broken.dispatchEvent(new Event('error')))
  return broken as unknown as Worker
}

describe('writes', () => {
  test('a write is stored, then accepted, and the partner has it', async () => {
    const space = await world.open('ann')
    const write = space.collections.notes.insert({ id: 'a', text: 'hello' })
    await write
    expect(await space.collections.notes.get('a')).toEqual({ id: 'a', text: 'hello' })
    await write.accepted
    expect((await world.partner.read(space.space, 'notes', 'a'))?.value).toEqual({ id: 'a', text: 'hello' })
  })

  test('operations of one mutation are stored together or not at all', async () => {
    const space = await world.open('ann')
    const { notes } = space.collections
    const write = space.mutate((tx) => {
      tx.notes.insert({ id: 'a', text: 'one' })
      tx.notes.patch('a', { text: 'two' })
      tx.notes.patch('missing', { text: 'three' })
    })
    expect((await errorOf(write)).code).toMatch(/record-missing|not-loaded/)
    expect(await notes.get('a')).toBeUndefined()
  })

  test('an error of the worker arrives with its code', async () => {
    const { notes } = (await world.open('ann')).collections
    await notes.insert({ id: 'a', text: 'one' })
    const error = await errorOf(notes.insert({ id: 'a', text: 'two' }))
    expect(error).toMatchObject({ name: 'SyncError', code: 'record-exists' })
  })

  test('what is no JSON is refused on the page, with its path, and nothing is stored', async () => {
    const { plain } = (await world.open('ann')).collections
    const bad = { id: 'a', deep: { list: [1, () => 2] } } as unknown as { id: string }
    expect(await errorOf(plain.insert(bad))).toMatchObject({ code: 'invalid-value', path: '/0/value/deep/list/1' })
    expect(await errorOf(plain.put({ id: 'a\u0000' }))).toMatchObject({ code: 'invalid-id', path: '/0/id' })
    expect(await plain.query().all()).toEqual([])
  })

  test('a validator judges whole records, and what a patch would make of one', async () => {
    const { notes } = (await world.open('ann')).collections
    const bad = { id: 'a', text: 7 } as unknown as { id: string; text: string }
    expect(await errorOf(notes.insert(bad))).toMatchObject({ code: 'invalid-value', path: '/0/value/text' })
    await notes.insert({ id: 'a', text: 'fine' })
    expect(await errorOf(notes.patch('a', { text: undefined as never }))).toMatchObject({
      code: 'invalid-value',
      path: '/0/value/text',
    })
    expect(await errorOf(notes.patch('a', { text: null as never }))).toMatchObject({
      code: 'invalid-value',
      path: '/0/value/text',
    })
    expect(await notes.get('a')).toEqual({ id: 'a', text: 'fine' })
  })

  test('writes that nobody awaits take effect in the order in which they were called for', async () => {
    const { notes } = (await world.open('ann')).collections
    const writes = [
      notes.insert({ id: 'a', text: '1' }),
      notes.patch('a', { text: '2' }),
      notes.put({ id: 'a', text: '3' }),
      notes.patch('a', { tags: ['x'] }),
    ]
    await Promise.all(writes)
    expect(await notes.get('a')).toEqual({ id: 'a', text: '3', tags: ['x'] })
  })

  test('a refused write says why, is listed, and can be edited into an accepted one', async () => {
    const space = await world.open('ann')
    const write = space.collections.notes.insert({ id: 'a', text: 'forbidden' })
    expect(await errorOf(write.accepted)).toMatchObject({ code: 'refused', refusal: 'not-allowed' })
    const refused = await until(space.refused, (list) => list.length === 1)
    expect(refused).toMatchObject([{ mutationId: write.mutationId, code: 'not-allowed' }])
    await space.refused.edit(write.mutationId, (tx) => tx.notes.insert({ id: 'a', text: 'allowed' })).accepted
    expect(await space.refused.list()).toEqual([])
    expect((await world.partner.read(space.space, 'notes', 'a'))?.value).toEqual({ id: 'a', text: 'allowed' })
  })

  test('a refused write can be given up', async () => {
    const space = await world.open('ann')
    const write = space.collections.notes.insert({ id: 'a', text: 'forbidden' })
    await errorOf(write.accepted)
    await space.refused.discard(write.mutationId)
    expect(await space.refused.list()).toEqual([])
    expect(await errorOf(space.refused.discard(write.mutationId))).toMatchObject({ code: 'not-found' })
  })

  test('a write that cannot be delivered is set aside, the others pass, and a retry sends it as it is', async () => {
    let isFirewallUp = true
    const { fetch: pass } = world
    world.fetch = async (url, init) => {
      const isCaught = isFirewallUp && JSON.stringify(init.body).includes('DROP TABLE')
      return isCaught ? new Response('blocked', { status: 403 }) : pass(url, init)
    }
    const space = await world.open('ann')
    await until(space.status, ({ isPartial }) => !isPartial)
    const caught = space.collections.notes.insert({ id: 'a', text: 'DROP TABLE' })
    await caught
    const fault = errorOf(caught.accepted)
    const stop = space.status.subscribe(({ state }) => (state === 'waiting' ? space.retry() : undefined))
    await space.collections.notes.insert({ id: 'b', text: 'harmless' }).accepted
    expect(await fault).toMatchObject({ code: 'refused', refusal: 'undeliverable' })
    stop()
    const setAside = (await space.writes.list()).filter(({ stage }) => stage === 'set-aside')
    expect(setAside).toMatchObject([{ mutationId: caught.mutationId, code: 'undeliverable' }])
    expect(await errorOf(space.refused.retry(caught.mutationId))).toMatchObject({ code: 'not-found' })
    isFirewallUp = false
    await space.writes.retry(caught.mutationId).accepted
    expect((await world.partner.read(space.space, 'notes', 'a'))?.value['text']).toBe('DROP TABLE')
  })

  test('what becomes of a write can be asked after a reload', async () => {
    world.isOnline = false
    const before = await world.open('ann')
    const write = before.collections.notes.insert({ id: 'a', text: 'offline' })
    await write
    await before.close()
    world.isOnline = true
    const after = await world.open('ann')
    await after.write(write.mutationId).accepted
    expect((await world.partner.read(after.space, 'notes', 'a'))?.value).toEqual({ id: 'a', text: 'offline' })
    expect(await errorOf(after.write(crypto.randomUUID()).accepted)).toMatchObject({ code: 'not-found' })
  })
})

describe('live queries', () => {
  test('a colleague’s write arrives by a nudge', async () => {
    const ann = await world.open('ann')
    const bob = await world.open('bob')
    const texts = bob.collections.notes.query({ index: 'byText' })
    const seen: string[] = []
    const stop = texts.subscribe(({ records }) => seen.push(records.map(({ text }) => text).join()))
    await until(bob.status, ({ isPartial }) => !isPartial)
    await until(ann.status, ({ isPartial }) => !isPartial)
    await ann.collections.notes.insert({ id: 'a', text: 'hello' }).accepted
    await until(texts, ({ records }) => records.length > 0)
    stop()
    expect(seen.at(-1)).toBe('hello')
  })

  test('a snapshot is the same object until the result changes', async () => {
    const { notes } = (await world.open('ann')).collections
    const query = notes.query()
    expect(query.getSnapshot()).toMatchObject({ records: [], isLoading: true })
    const stop = query.subscribe(() => undefined)
    await notes.insert({ id: 'a', text: 'one' })
    await until(query, ({ records, isPartial }) => records.length === 1 && !isPartial)
    const snapshot = query.getSnapshot()
    await notes.put({ id: 'a', text: 'one' }).accepted
    expect(query.getSnapshot()).toBe(snapshot)
    stop()
  })

  test('a record that did not change stays the same object when others come and go', async () => {
    const { notes } = (await world.open('ann')).collections
    const query = notes.query({ index: 'byText' })
    const stop = query.subscribe(() => undefined)
    await notes.insert({ id: 'a', text: '2' })
    const [kept] = (await until(query, ({ records }) => records.length === 1)).records
    await notes.insert({ id: 'b', text: '1' })
    await notes.insert({ id: 'c', text: '3' })
    await until(query, ({ records }) => records.length === 3)
    await notes.delete('b')
    const { records } = await until(query, (snapshot) => snapshot.records.length === 2)
    expect(records.map(({ id }) => id)).toEqual(['a', 'c'])
    expect(records[0]).toBe(kept)
    stop()
  })

  test('a result is read on from its cursor, and explained', async () => {
    const { notes } = (await world.open('ann')).collections
    for (const id of ['a', 'b', 'c']) await notes.insert({ id, text: id })
    const { records, next } = await notes.query({ index: 'byText', limit: 2 }).read()
    expect(records.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(next).not.toBeNull()
    const rest = await notes.query({ index: 'byText', limit: 2, after: next ?? '' }).read()
    expect(rest).toMatchObject({ records: [{ id: 'c' }], next: null })
    expect(await notes.query({ where: { text: 'a' } }).explain()).toMatchObject({ index: 'byText', isSorted: false })
  })

  test('a query that does not fit the schema says so', async () => {
    const { notes } = (await world.open('ann')).collections
    const query = notes.query({ index: 'byNothing' })
    expect(await errorOf(query.all())).toMatchObject({ code: 'invalid-query' })
    const { error } = await until(query, ({ isLoading }) => !isLoading)
    expect(error).toMatchObject({ code: 'invalid-query' })
  })

  test('a write in one tab shows in the other without a network', async () => {
    world.isOnline = false
    const one = await world.open('ann')
    const two = await world.open('ann')
    const query = two.collections.notes.query()
    const shown = until(query, ({ records }) => records.length === 1)
    await one.collections.notes.insert({ id: 'a', text: 'here' })
    expect((await shown).records).toEqual([{ id: 'a', text: 'here' }])
    expect(await until(two.status, ({ pending }) => pending === 1)).toMatchObject({ pending: 1 })
  })
})

describe('status', () => {
  test('a first sync ends with everything and a key', async () => {
    await world.partner.transact(`team-${count}`, (tx) => tx['notes']?.put({ id: 'a', text: 'before' }))
    const space = await world.open('ann')
    const status = await until(space.status, ({ isPartial, state }) => !isPartial && state === 'idle')
    expect(status).toMatchObject({ pending: 0, key: { n: expect.any(Number) }, wait: null, halt: null })
    expect(await space.collections.notes.query().all()).toEqual([{ id: 'a', text: 'before' }])
  })

  test('without a network it waits with the writes, and goes on when the page hears of one', async () => {
    world.isOnline = false
    const space = await world.open('ann')
    const write = space.collections.notes.insert({ id: 'a', text: 'later' })
    await until(space.status, ({ state, pending }) => state === 'waiting' && pending === 1)
    world.isOnline = true
    world.dispatch('online')
    await write.accepted
    expect(await until(space.status, ({ state }) => state === 'idle')).toMatchObject({ pending: 0, wait: null })
  })

  test('when the sign-in has ended it halts with the writes, and goes on after signing in', async () => {
    world.isSignedIn = false
    const space = await world.open('ann')
    const write = space.collections.notes.insert({ id: 'a', text: 'signed' })
    await until(space.status, ({ state, halt }) => state === 'halted' && halt === 'sign-in')
    world.isSignedIn = true
    space.retry()
    await write.accepted
    expect((await world.partner.read(space.space, 'notes', 'a'))?.value['text']).toBe('signed')
  })

  test('a getAuth that fails is a failed attempt, not a sign-out', async () => {
    const space = await world.open('ann', { getAuth: () => Promise.reject(new Error('token endpoint is down')) })
    const { wait } = await until(space.status, ({ state }) => state === 'waiting')
    expect(wait).toMatchObject({ reason: 'network' })
  })

  test('when a newer version of the app has opened the store, the older one reads, and says that it is to be updated', async () => {
    const old = await world.open('ann')
    await old.collections.notes.insert({ id: 'a', text: 'kept' }).accepted
    await world.open('ann', { schema: { ...schema, version: 2 } })
    old.retry()
    await until(old.status, ({ state, halt }) => state === 'halted' && halt === 'update')
    expect(await old.collections.notes.get('a')).toEqual({ id: 'a', text: 'kept' })
    expect(await errorOf(old.collections.notes.insert({ id: 'b', text: 'x' }))).toMatchObject({ code: 'newer-schema' })
  })

  test('without an endpoint it is a local store', async () => {
    const createWorker = (): Worker => world.createWorker()
    const space = await openSpace({ schema, space: 'home', account: 'ann', createWorker })
    await space.collections.notes.insert({ id: 'a', text: 'mine' })
    expect(await until(space.status, ({ pending }) => pending === 1)).toMatchObject({ state: 'local' })
    await space.wipe()
    expect(world.hosts).toEqual([])
  })
})

describe('the end', () => {
  test('a closed space answers «closed», and so does what still waits', async () => {
    world.isOnline = false
    const space = await world.open('ann')
    const { notes } = space.collections
    const write = notes.insert({ id: 'a', text: 'x' })
    await write
    const waiting = errorOf(write.accepted)
    await space.close()
    expect(await waiting).toMatchObject({ code: 'closed' })
    expect(await errorOf(notes.get('a'))).toMatchObject({ code: 'closed' })
    expect(space.status.getSnapshot().state).toBe('closed')
  })

  test('a wiped space is gone, in the other tab too', async () => {
    world.isOnline = false
    const one = await world.open('ann')
    const two = await world.open('ann')
    await one.collections.notes.insert({ id: 'a', text: 'x' })
    await one.wipe()
    await until(two.status, ({ state }) => state === 'closed')
    const again = await world.open('ann')
    expect(await again.collections.notes.query().all()).toEqual([])
    expect(again.status.getSnapshot().pending).toBe(0)
  })

  test('a worker that cannot start is an error, not a silence', async () => {
    const opening = openSpace({ schema, space: 'x', account: 'ann', createWorker: createBrokenWorker })
    expect(await errorOf(opening)).toMatchObject({ code: 'internal' })
  })
})
