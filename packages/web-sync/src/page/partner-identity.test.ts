import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { collection, defineSchema, type Schema } from 'sync-protocol'
import { memoryStorage } from '../../../sync-server/src/storage/memory-storage.ts'
import { createPartner } from '../../../sync-server/src/partner.ts'
import type { Partner } from '../../../sync-server/src/partner-types.ts'
import type { ReportCode } from '../contract/index.ts'
import { openSpace } from './open-space.ts'
import type { Space } from './space.ts'
import { createWorld, until, type World } from './tabs.fixture.ts'

// The table of decision 0026, cell by cell: the same app or another one, at the same address or another one, whose partner has the same
// database as before, another one, or never answered before.

const collections = { notes: collection<{ readonly id: string; readonly text: string }>(null) }
const notesApp = defineSchema({ app: 'notes', version: 1, collections })
const otherApp = defineSchema({ app: 'other', version: 1, collections })

type App = typeof notesApp

let world: World
/** What runs at each address; none: it cannot be reached. */
let served: Map<string, Partner>
let opened: { close(): Promise<void> }[]
let reports: ReportCode[]

beforeEach(() => {
  world = createWorld('identity')
  served = new Map()
  opened = []
  reports = []
  world.fetch = async (url, init) => {
    const partner = served.get(new URL(url).pathname.split('/')[1] ?? '')
    if (partner === undefined) throw new TypeError('no network')
    const { search } = new URL(url)
    const path = url.includes('/events') ? '/sync/events' : '/sync'
    return partner.fetch(new Request(`http://app.test${path}${search}`, init))
  }
})

afterEach(async () => {
  await Promise.all(opened.map((space) => space.close()))
  await world.close()
})

function serve(schema: Schema, storage = memoryStorage()): Partner {
  return createPartner({ schema, storage, authenticate: () => ({ account: 'ada' }), authorize: () => 'write' })
}

async function open(schema: App, address: string): Promise<Space<App['collections']>> {
  const space = await openSpace({
    schema,
    endpoint: `/${address}/sync`,
    space: 'team',
    account: 'ada',
    createWorker: () => world.createWorker(),
    persistStorage: false,
    onReport: (code) => void reports.push(code),
  })
  opened.push(space)
  return space
}

async function ids(space: Space<App['collections']>): Promise<string[]> {
  return (await space.collections.notes.query().all()).map(({ id }) => id)
}

async function idle(space: Space<App['collections']>): Promise<void> {
  await until(space.status, ({ state, pending, lastSyncAtMs }) => {
    return state === 'idle' && pending === 0 && lastSyncAtMs !== null
  })
}

const ONE_AND_TWO = ['accepted', 'unsent']

/** A store of `notes` at `first`, with a write that its partner has accepted (unless it never answered) and one that is unsent. */
async function leaveStore(isKnown: boolean): Promise<ReturnType<typeof memoryStorage>> {
  const storage = memoryStorage()
  if (isKnown) served.set('first', serve(notesApp, storage))
  const space = await open(notesApp, 'first')
  const write = space.collections.notes.insert({ id: 'accepted', text: 'a' })
  await (isKnown ? write.accepted : write)
  if (isKnown) await idle(space)
  served.clear()
  await space.collections.notes.insert({ id: 'unsent', text: 'b' })
  await space.close()
  return storage
}

describe.each(['same partner id', 'another partner id', 'unknown partner id'] as const)('%s', (cell) => {
  const isKnown = cell !== 'unknown partner id'

  test('same app, same address: goes on, and all that was written is there', async () => {
    const storage = await leaveStore(isKnown)
    served.set('first', serve(notesApp, cell === 'another partner id' ? memoryStorage() : storage))
    const space = await open(notesApp, 'first')
    await idle(space)
    expect(await ids(space)).toEqual(ONE_AND_TWO)
    const partner = served.get('first') as Partner
    for (const id of ONE_AND_TWO) expect((await partner.read('team', 'notes', id))?.value['id']).toBe(id)
    expect(space.status.getSnapshot()).toMatchObject({ refused: 0, salvage: 0 })
    expect(reports).toEqual(cell === 'another partner id' ? ['partner-replaced'] : [])
  })

  test.each([
    ['same app, another address', notesApp, 'second'],
    ['another app, same address', otherApp, 'first'],
    ['another app, another address', otherApp, 'second'],
  ] as const)('%s: another store; the first one stays whole for its own', async (_, schema, address) => {
    const storage = await leaveStore(isKnown)
    // One database for both apps is nothing that anybody should do; the stores are apart all the same.
    served.set(address, serve(schema, cell === 'another partner id' ? memoryStorage() : storage))
    const other = await open(schema, address)
    await idle(other)
    expect(await ids(other)).toEqual(cell === 'same partner id' ? ['accepted'] : [])
    expect(await (served.get(address) as Partner).read('team', 'notes', 'unsent')).toBeNull()
    await other.close()
    served.clear()
    served.set('first', serve(notesApp, storage))
    const space = await open(notesApp, 'first')
    await idle(space)
    expect(await ids(space)).toEqual(ONE_AND_TWO)
    expect(reports).toEqual([])
  })
})

test('a backup that is played back has the same id: nothing is reported, and what it lacks is sent again', async () => {
  const storage = memoryStorage()
  served.set('first', serve(notesApp, storage))
  const space = await open(notesApp, 'first')
  await space.collections.notes.insert({ id: 'a', text: 'before' }).accepted
  await idle(space)
  const backup = storage.copy()
  await space.collections.notes.insert({ id: 'b', text: 'after' }).accepted
  await idle(space)
  served.set('first', serve(notesApp, backup))
  await space.collections.notes.insert({ id: 'c', text: 'later' }).accepted
  await idle(space)
  expect(await ids(space)).toEqual(['a', 'b', 'c'])
  expect((await (served.get('first') as Partner).read('team', 'notes', 'b'))?.value['text']).toBe('after')
  expect(reports).toEqual([])
})

test('the partner of another app at the same address judges nothing, and nothing here changes until the right one is back', async () => {
  const storage = await leaveStore(true)
  const wrong = serve(otherApp)
  served.set('first', wrong)
  const space = await open(notesApp, 'first')
  for (let attempt = 0; attempt < 4; attempt += 1) {
    space.retry()
    await until(space.status, ({ wait }) => wait?.reason === 'other-app')
  }
  expect(await ids(space)).toEqual(ONE_AND_TWO)
  expect(space.status.getSnapshot()).toMatchObject({ pending: 1, setAside: 0, refused: 0, salvage: 0, halt: null })
  expect((await wrong.inspect('team')).head).toBe(0)
  served.set('first', serve(notesApp, storage))
  space.retry()
  await idle(space)
  expect((await (served.get('first') as Partner).read('team', 'notes', 'unsent'))?.value['text']).toBe('b')
  expect(reports).toEqual([])
})
