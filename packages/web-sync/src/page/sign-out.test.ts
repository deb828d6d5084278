import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { UnsentCount } from '../contract/index.ts'
import { openDeliveryStore } from '../store/open-delivery-store.ts'
import { openRegistry } from '../store/registry.ts'
import { schemaToShape } from 'web-sync-protocol'
import { createWorld, schema, until, type World } from './tabs.fixture.ts'

let world: World
let count = 0

beforeEach(() => {
  count += 1
  world = createWorld(`leaving-${count}`, {
    allow: ({ op }) => op.op === 'delete' || op.value['text'] !== 'forbidden' || { message: 'no such words' },
  })
})

afterEach(async () => {
  await world.close()
})

/** What is counted of a space, all of it writes that can be read. */
function countOf(space: string, unsent: number): UnsentCount {
  return { space, unsent, salvaged: 0, isComplete: true }
}

/** Names of the stores' databases, the registry's left out. */
async function listStores(): Promise<readonly (string | undefined)[]> {
  const databases = await indexedDB.databases()
  return databases.map(({ name }) => name).filter((name) => name !== 'web-sync-registry')
}

/** The addresses of the registered stores; null: of one whose account has signed out. */
async function listRegistered(): Promise<readonly (string | null)[]> {
  const registry = await openRegistry()
  const entries = await registry.list()
  registry.close()
  return entries.map(({ endpoint, isRetired }) => (isRetired ? null : endpoint))
}

test('keep: every tab closes, the service worker is told nothing of it any more, and the next sign-in finds everything', async () => {
  const space = await world.open('ann')
  const other = await world.open('ann')
  world.isOnline = false
  await space.collections.notes.insert({ id: 'a', text: 'unsent' })
  for (const tab of [space, other]) await until(tab.status, ({ pending }) => pending === 1)

  expect(await space.signOut({ unsent: 'keep' })).toEqual({
    type: 'kept',
    spaces: [countOf(space.space, 1)],
  })
  await until(other.status, (status) => status.state === 'closed')
  expect(space.status.getSnapshot().state).toBe('closed')
  await expect(space.collections.notes.insert({ id: 'b', text: 'late' })).rejects.toMatchObject({ code: 'closed' })
  expect(await listRegistered()).toEqual([null])
  // What was unsent could still be missed.
  expect(world.remembered.size).toBe(1)

  world.isOnline = true
  const again = await world.open('ann')
  expect(await listRegistered()).toEqual(['http://app.test/sync'])
  await until(again.status, (status) => status.pending === 0)
  expect((await world.partner.read(again.space, 'notes', 'a'))?.value).toEqual({ id: 'a', text: 'unsent' })
})

test('send-first: what is unsent is accepted, then nothing is left on the device', async () => {
  const space = await world.open('ann')
  await until(space.status, (status) => status.state === 'idle')
  void space.collections.notes.insert({ id: 'a', text: 'the last thing' })
  await space.collections.notes.insert({ id: 'b', text: 'the very last thing' })
  expect(await space.signOut({ unsent: 'send-first' })).toEqual({
    type: 'removed',
    spaces: [countOf(space.space, 0)],
  })
  expect((await world.partner.read(space.space, 'notes', 'b'))?.value).toEqual({ id: 'b', text: 'the very last thing' })
  expect([await listStores(), await listRegistered()]).toEqual([[], []])
  // It is a new device now, not one whose copy was evicted.
  const again = await world.open('ann')
  expect(again.status.getSnapshot().storage.evictedAtMs).toBeNull()
})

test('send-first without a network: nothing is closed or removed, the result says why, and the person can still choose', async () => {
  const space = await world.open('ann')
  await until(space.status, (status) => status.state === 'idle')
  world.isOnline = false
  await space.collections.notes.insert({ id: 'a', text: 'unsent' })
  const spaces = [countOf(space.space, 1)]
  expect(await space.signOut({ unsent: 'send-first', timeoutMs: 0 })).toMatchObject({ type: 'unsent', spaces })
  expect(await space.signOut({ unsent: 'send-first', timeoutMs: 300 })).toEqual({
    type: 'unsent',
    reason: 'network',
    spaces,
  })
  expect(await space.collections.notes.get('a')).toEqual({ id: 'a', text: 'unsent' })
  expect(await space.signOut({ unsent: 'discard' })).toEqual({ type: 'removed', spaces })
  expect([await listStores(), await listRegistered()]).toEqual([[], []])
})

test('another tab that notes what the device has while it is being removed takes the note away itself', async () => {
  const space = await world.open('ann')
  const other = await world.open('ann')
  await space.collections.notes.insert({ id: 'a', text: 'sent' }).accepted
  for (const tab of [space, other]) await until(tab.status, ({ state, written }) => state === 'idle' && written === 1)
  expect(world.remembered.size).toBe(1)
  // As if the other one had noted it once more just when this one took it away.
  vi.spyOn(world.remembered, 'delete').mockReturnValueOnce(true)
  await space.signOut({ unsent: 'discard' })
  await until(other.status, ({ state }) => state === 'closed')
  expect(world.remembered.size).toBe(0)
})

test('send-first ends when the app says so, before its time or at once', async () => {
  const space = await world.open('ann')
  await until(space.status, (status) => status.state === 'idle')
  world.fetch = () => new Promise(() => undefined)
  await space.collections.notes.insert({ id: 'a', text: 'unsent' })
  const ended = new AbortController()
  const leaving = space.signOut({ unsent: 'send-first', signal: ended.signal })
  ended.abort()
  expect(await leaving).toMatchObject({ type: 'unsent', reason: 'aborted' })
  expect(await space.signOut({ unsent: 'send-first', signal: ended.signal })).toMatchObject({ reason: 'aborted' })
})

test('send-first does not wait for what no waiting can mend', async () => {
  const space = await world.open('ann')
  await until(space.status, (status) => status.state === 'idle')
  world.isSignedIn = false
  await space.collections.notes.insert({ id: 'a', text: 'unsent' })
  expect(await space.signOut({ unsent: 'send-first' })).toMatchObject({ type: 'unsent', reason: 'sign-in' })
  world.isSignedIn = true
  await space.collections.notes.patch('a', { text: 'forbidden' })
  expect(await space.signOut({ unsent: 'send-first' })).toMatchObject({
    type: 'unsent',
    reason: 'refused',
    spaces: [{ unsent: 1 }],
  })
  await Promise.all((await space.refused.list()).map(({ mutationId }) => space.refused.discard(mutationId)))
  expect(await space.signOut({ unsent: 'send-first' })).toMatchObject({ type: 'removed' })
})

test('a space of the account that is not open keeps its unsent writes from being removed, but by discard', async () => {
  const space = await world.open('ann')
  const second = await world.open('ann', { space: 'second' })
  world.isOnline = false
  await second.collections.notes.insert({ id: 'a', text: 'in the second' })
  await second.close()
  world.isOnline = true
  const stranger = await world.open('ben')
  const spaces = [countOf('second', 1), countOf(space.space, 0)]
  expect(await space.signOut({ unsent: 'send-first', timeoutMs: 300 })).toEqual({
    type: 'unsent',
    reason: 'other-space',
    spaces,
  })
  expect(await space.signOut({ unsent: 'discard' })).toEqual({ type: 'removed', spaces })
  // Nothing of anybody else's is touched.
  await stranger.collections.notes.insert({ id: 'b', text: 'by ben' })
  expect(await listStores()).toHaveLength(1)
})

test('a service worker that knew of a store a moment ago does not make it again', async () => {
  const { account, space } = await world.open('ann').then(async (opened) => {
    await opened.signOut({ unsent: 'discard' })
    return opened
  })
  const options = {
    endpoint: 'http://app.test/sync',
    account,
    space,
    schema: schemaToShape(schema),
    onNotice: () => undefined,
  }
  const opening = openDeliveryStore(options, { nowMs: () => 0, randomId: () => 'r' })
  await expect(opening).rejects.toMatchObject({ code: 'closed' })
  expect(await listStores()).toEqual([])
})
