import { collection, defineSchema } from 'web-sync-protocol'
import { afterEach, expect, test } from 'vitest'
import { createPartner } from '../../../web-sync-server/src/partner.ts'
import { memoryStorage } from '../../../web-sync-server/src/storage/memory-storage.ts'
import { createWorld, type Note, until, type World } from './tabs.fixture.ts'
import type { Space } from './space.ts'

/** A note of the app's next version: its text is called body, and it can be done. */
interface GrownNote {
  readonly id: string
  readonly body: string
  readonly done: boolean
}

const before = defineSchema({ app: 'test', version: 1, collections: { notes: collection<Note>(null) } })
const grown = defineSchema({
  app: 'test',
  version: 2,
  collections: {
    notes: collection<GrownNote>(
      {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value) => {
            const { body, done } = value as Partial<GrownNote>
            const isFit =
              typeof body === 'string' && typeof done === 'boolean' && !Object.hasOwn(value as object, 'text')
            return isFit ? { value: value as GrownNote } : { issues: [{ message: 'is of an earlier version' }] }
          },
        },
      },
      { renamed: { text: 'body' }, defaults: { done: false }, indexes: { byBody: ['body'] } },
    ),
    tags: collection<{ readonly id: string }>(null),
  },
})

let world: World

afterEach(async () => {
  await world.close()
})

/** Partners of both versions over the same records. */
function createGrowingWorld(name: string): { readonly update: () => void } {
  const options = {
    storage: memoryStorage(),
    authenticate: (request: Request) => ({ account: request.headers.get('x-account') ?? '' }),
    authorize: () => 'write' as const,
  }
  world = createWorld(name, { ...options, schema: before })
  const updated = createPartner({ ...options, schema: grown })
  return {
    update: () => {
      world.fetch = async (url, init) => {
        if (!world.isOnline) throw new TypeError('no network')
        return updated.fetch(new Request(url, init))
      }
    },
  }
}

const openBefore = async (): Promise<Space<typeof before.collections>> => {
  const space: unknown = await world.open('ann', { schema: before as never })
  return space as Space<typeof before.collections>
}
const openGrown = async (): Promise<Space<typeof grown.collections>> => {
  const space: unknown = await world.open('ann', { schema: grown as never })
  return space as Space<typeof grown.collections>
}

test('records and unsent writes of the version before are those of the next: renamed, with defaults, in new indexes, beside new collections', async () => {
  const { update } = createGrowingWorld('growing')
  const old = await openBefore()
  await old.collections.notes.insert({ id: 'a', text: 'first' }).accepted
  await old.collections.notes.insert({ id: 'b', text: 'second' }).accepted
  await until(old.status, ({ pending, isPartial }) => pending === 0 && !isPartial)
  world.isOnline = false
  await old.collections.notes.insert({ id: 'c', text: 'offline' })
  await old.collections.notes.patch('a', { text: 'patched' })
  await old.close()

  const space = await openGrown()
  const { notes, tags } = space.collections
  const all = await notes.query({ index: 'byBody' }).all()
  expect(all).toEqual([
    { id: 'c', body: 'offline', done: false },
    { id: 'a', body: 'patched', done: false },
    { id: 'b', body: 'second', done: false },
  ])
  expect(await notes.query({ index: 'byBody', where: { body: { prefix: 'first' } } }).all()).toEqual([])
  await notes.patch('c', { body: 'patched too', done: true })
  await tags.insert({ id: 't' })

  update()
  world.isOnline = true
  space.retry()
  await until(space.status, ({ pending, state }) => pending === 0 && state === 'idle')
  expect(space.status.getSnapshot()).toMatchObject({ refused: 0, setAside: 0 })
  // What was touched is of the next version on the partner, too; the rest is when it is read.
  const stored = await Promise.all(['a', 'b', 'c'].map((id) => world.partner.read(space.space, 'notes', id)))
  expect(stored.map((record) => record?.value)).toEqual([
    { id: 'a', body: 'patched', done: false },
    { id: 'b', text: 'second' },
    { id: 'c', body: 'patched too', done: true },
  ])
  const other = await world.open('ben', { schema: grown as never })
  await until(other.status, ({ isPartial }) => !isPartial)
  expect(await other.collections.notes.query().all()).toEqual(await notes.query().all())
})

test('a write whose answer was lost before the update is sent again as it was: it is a repeat, not another one', async () => {
  const { update } = createGrowingWorld('growing-lost')
  const old = await openBefore()
  await until(old.status, ({ isPartial, state }) => !isPartial && state === 'idle')
  const { fetch } = world
  let isHeard = false
  world.fetch = async (url, init) => {
    const response = await fetch(url, init)
    if (typeof init.body !== 'string' || !init.body.includes('"text":"first"')) return response
    isHeard = true
    world.isOnline = false
    throw new TypeError('the answer is lost')
  }
  await old.collections.notes.insert({ id: 'a', text: 'first' })
  await until(old.status, ({ state }) => state === 'waiting' && isHeard)
  await old.close()

  update()
  world.isOnline = true
  const space = await openGrown()
  await until(space.status, ({ pending, isPartial }) => pending === 0 && !isPartial)
  expect(space.status.getSnapshot()).toMatchObject({ refused: 0, setAside: 0 })
  expect(await space.collections.notes.query().all()).toEqual([{ id: 'a', body: 'first', done: false }])
})

test('code of the version before does not open what the next one has opened, and changes nothing there', async () => {
  const { update } = createGrowingWorld('growing-back')
  update()
  const space = await openGrown()
  world.isOnline = false
  await space.collections.notes.insert({ id: 'a', body: 'unsent', done: true })
  await space.close()
  await expect(openBefore()).rejects.toMatchObject({ code: 'newer-schema' })
  world.isOnline = true
  const again = await openGrown()
  await until(again.status, ({ pending, isPartial }) => pending === 0 && !isPartial)
  expect((await world.partner.read(again.space, 'notes', 'a'))?.value).toEqual({ id: 'a', body: 'unsent', done: true })
})

test('a live query shows what an app of the version before writes as a record of this version, from the first moment', async () => {
  createGrowingWorld('growing-live')
  const space = await openGrown()
  await until(space.status, ({ isPartial, state }) => !isPartial && state === 'idle')
  const live = space.collections.notes.query({ index: 'byBody' })
  const seen: unknown[] = []
  const stop = live.subscribe(() => seen.push(...live.getSnapshot().records))
  await until(live, ({ isLoading }) => !isLoading)
  const old: unknown = await world.open('ben', { schema: before as never })
  await (old as Space<typeof before.collections>).collections.notes.insert({ id: 'a', text: 'first' }).accepted
  space.retry()
  await until(live, ({ records }) => records.length > 0)
  stop()
  expect(seen).toEqual([{ id: 'a', body: 'first', done: false }])
})

const renamed = defineSchema({
  app: 'test',
  version: 2,
  collections: {
    notes: collection<{ readonly id: string; readonly body: string }>(null, { renamed: { text: 'body' } }),
  },
})

/** An app of the version before beside one of the next, on a partner of the next; the old one has the new one's note. */
async function openBoth(name: string): Promise<{
  readonly old: Space<typeof before.collections>
  readonly openOld: (schema: typeof before | typeof renamed) => Promise<Space<typeof renamed.collections>>
}> {
  world = createWorld(name, { schema: renamed })
  const openOld = async (schema: typeof before | typeof renamed): Promise<Space<typeof renamed.collections>> => {
    const space: unknown = await world.open('ann', { schema: schema as never })
    return space as Space<typeof renamed.collections>
  }
  const now: unknown = await world.open('ben', { schema: renamed as never })
  await (now as Space<typeof renamed.collections>).collections.notes.insert({ id: 'r', body: 'by the new app' })
    .accepted
  const old: unknown = await openOld(before)
  await until(
    (old as Space<typeof before.collections>).status,
    ({ isPartial, state }) => !isPartial && state === 'idle',
  )
  return { old: old as Space<typeof before.collections>, openOld }
}

test('a whole record that an app of the version before puts is read as a write of the next one', async () => {
  const { old } = await openBoth('renamed-put')
  await old.collections.notes.put({ id: 'r', text: 'typed in the old app' }).accepted
  const stored = await world.partner.read(old.space, 'notes', 'r')
  expect(stored?.value).toEqual({ id: 'r', body: 'typed in the old app' })
})

test('the same with an unsent one, which the updated app shows offline as it then arrives', async () => {
  const { old, openOld } = await openBoth('renamed-unsent')
  world.isOnline = false
  await old.collections.notes.put({ id: 'r', text: 'typed in the old app' })
  await old.close()
  const updated = await openOld(renamed)
  const { notes } = updated.collections
  expect(await notes.get('r')).toEqual({ id: 'r', body: 'typed in the old app' })
  world.isOnline = true
  updated.retry()
  await until(updated.status, ({ pending, state }) => pending === 0 && state === 'idle')
  expect(await notes.get('r')).toEqual({ id: 'r', body: 'typed in the old app' })
  expect((await world.partner.read(updated.space, 'notes', 'r'))?.value).toEqual({
    id: 'r',
    body: 'typed in the old app',
  })
})
