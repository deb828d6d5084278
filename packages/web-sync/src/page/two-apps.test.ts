import { afterEach, beforeEach, expect, test } from 'vitest'
import { collection, type CollectionsByName, defineSchema, type Schema } from 'web-sync-protocol'
import type { Partner } from '../../../web-sync-server/src/partner-types.ts'
import { type Addresses, createAddresses, notesOf, serve } from './addresses.fixture.ts'
import type { Space } from './space.ts'
import { until } from './tabs.fixture.ts'

// Two apps on one origin, and one app with two servers: what one of them has, nothing of the other ever touches.

const notesApp = notesOf('notes')
const todoApp = defineSchema({
  app: 'todo',
  version: 1,
  collections: { todos: collection<{ readonly id: string; readonly what: string }>(null) },
})

let at: Addresses
let a: Partner

beforeEach(() => {
  at = createAddresses('two-apps')
  a = serve(notesApp)
  at.served.set('a', a).set('b', serve(todoApp))
})

afterEach(async () => {
  await at.close()
})

function open<Collections extends CollectionsByName>(
  schema: Schema<Collections>,
  endpoint: string,
  space = 'team-1',
): Promise<Space<Collections>> {
  return at.open(schema, { endpoint, space })
}

test('what one app wrote is sent to its own partner only, and is there when the app comes back', async () => {
  const first = await open(notesApp, '/a/sync')
  await first.collections.notes.insert({ id: 'n1', text: 'accepted' }).accepted
  at.served.delete('a')
  await first.collections.notes.insert({ id: 'n2', text: 'unsent' })
  await first.close()

  const other = await open(todoApp, '/b/sync')
  await other.collections.todos.insert({ id: 't1', what: 'of the other app' }).accepted
  await until(other.status, ({ state, pending }) => state === 'idle' && pending === 0)
  expect(await other.refused.list()).toEqual([])
  expect(await other.collections.todos.query().all()).toEqual([{ id: 't1', what: 'of the other app' }])
  await other.close()

  at.served.set('a', a)
  const again = await open(notesApp, '/a/sync')
  await until(again.status, ({ pending }) => pending === 0)
  expect((await again.collections.notes.query().all()).map(({ id }) => id)).toEqual(['n1', 'n2'])
  expect((await a.read('team-1', 'notes', 'n2'))?.value).toEqual({ id: 'n2', text: 'unsent' })
})

test('one app with another server begins anew there, and what belongs to the first server stays for it', async () => {
  const b = serve(notesApp)
  at.served.set('b', b)
  const first = await open(notesApp, '/a/sync')
  await first.collections.notes.insert({ id: 'n1', text: 'for a' }).accepted
  at.served.delete('a')
  await first.collections.notes.insert({ id: 'n2', text: 'for a, unsent' })
  await first.close()
  const other = await open(notesApp, '/b/sync')
  await until(other.status, ({ lastSyncAtMs }) => lastSyncAtMs !== null)
  expect(await other.collections.notes.query().all()).toEqual([])
  expect(other.status.getSnapshot()).toMatchObject({ pending: 0, salvage: 0, written: 0 })
  expect(await b.read('team-1', 'notes', 'n2')).toBeNull()
})

test('a higher version of one app does not make the other outdated', async () => {
  const newer = defineSchema({ ...todoApp, version: 2 })
  await (await open(newer, '/b/sync')).close()
  const space = await open(notesApp, '/b/sync')
  expect(space.status.getSnapshot().state).not.toBe('closed')
})

test('signing out of one app leaves the other’s stores, tabs, notes and registered spaces alone', async () => {
  const one = await open(notesApp, '/a/sync', 'x')
  await open(notesApp, '/a/sync', 'only-of-one')
  const two = await open(todoApp, '/b/sync', 'y')
  // The same names as the other app's.
  const third = await open(todoApp, '/b/sync', 'x')
  await one.collections.notes.insert({ id: 'n', text: 'mine' }).accepted
  await third.collections.todos.insert({ id: 't', what: 'gone' })
  const notes = at.world.remembered.size
  expect(await two.signOut({ unsent: 'discard' })).toMatchObject({
    type: 'removed',
    spaces: [{ space: 'x' }, { space: 'y' }],
  })
  await until(third.status, ({ state }) => state === 'closed')
  expect(one.status.getSnapshot().state).not.toBe('closed')
  await one.collections.notes.insert({ id: 'm', text: 'goes on' }).accepted
  expect(await one.collections.notes.query().all()).toHaveLength(2)
  expect(notes).toBeGreaterThan(at.world.remembered.size)
  expect(at.world.remembered.size).toBe(2)
})
