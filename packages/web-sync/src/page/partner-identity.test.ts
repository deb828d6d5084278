import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Partner } from '../../../web-sync-server/src/partner-types.ts'
import { type MemoryStorage, memoryStorage } from '../../../web-sync-server/src/storage/memory-storage.ts'
import { type Addresses, createAddresses, idsOf, type Notes, notesOf, serve, untilIdle } from './addresses.fixture.ts'
import type { Space } from './space.ts'
import { until } from './tabs.fixture.ts'

// The table of decision 0026, cell by cell: the same app or another one, at the same address or another one, whose partner has the same
// database as before, another one, or never answered before.

const notesApp = notesOf('notes')
const otherApp = notesOf('other')

let at: Addresses

beforeEach(() => {
  at = createAddresses('identity')
})

afterEach(async () => {
  await at.close()
})

function open(schema: typeof notesApp, address: string): Promise<Space<Notes>> {
  return at.open(schema, { endpoint: `/${address}/sync` })
}

const ONE_AND_TWO = ['accepted', 'unsent']

/** A store of `notes` at `first`, with a write that its partner has accepted (unless it never answered) and one that is unsent. */
async function leaveStore(isKnown: boolean): Promise<MemoryStorage> {
  const storage = memoryStorage()
  if (isKnown) at.served.set('first', serve(notesApp, storage))
  const space = await open(notesApp, 'first')
  const write = space.collections.notes.insert({ id: 'accepted', text: 'a' })
  await (isKnown ? write.accepted : write)
  if (isKnown) await untilIdle(space)
  at.served.clear()
  await space.collections.notes.insert({ id: 'unsent', text: 'b' })
  await space.close()
  return storage
}

describe.each(['same partner id', 'another partner id', 'unknown partner id'] as const)('%s', (cell) => {
  const isKnown = cell !== 'unknown partner id'

  test('same app, same address: goes on, and all that was written is there', async () => {
    const storage = await leaveStore(isKnown)
    at.served.set('first', serve(notesApp, cell === 'another partner id' ? memoryStorage() : storage))
    const space = await open(notesApp, 'first')
    await untilIdle(space)
    expect(await idsOf(space)).toEqual(ONE_AND_TWO)
    const partner = at.served.get('first') as Partner
    for (const id of ONE_AND_TWO) expect((await partner.read('team', 'notes', id))?.value['id']).toBe(id)
    expect(space.status.getSnapshot()).toMatchObject({ refused: 0, salvage: 0 })
    expect(at.reports).toEqual(cell === 'another partner id' ? ['partner-replaced'] : [])
  })

  test.each([
    ['same app, another address', notesApp, 'second'],
    ['another app, same address', otherApp, 'first'],
    ['another app, another address', otherApp, 'second'],
  ] as const)('%s: another store; the first one stays whole for its own', async (_, schema, address) => {
    const storage = await leaveStore(isKnown)
    // One database for both apps is nothing that anybody should do; the stores are apart all the same.
    at.served.set(address, serve(schema, cell === 'another partner id' ? memoryStorage() : storage))
    const other = await open(schema, address)
    await untilIdle(other)
    expect(await idsOf(other)).toEqual(cell === 'same partner id' ? ['accepted'] : [])
    expect(await (at.served.get(address) as Partner).read('team', 'notes', 'unsent')).toBeNull()
    await other.close()
    at.served.clear()
    at.served.set('first', serve(notesApp, storage))
    const space = await open(notesApp, 'first')
    await untilIdle(space)
    expect(await idsOf(space)).toEqual(ONE_AND_TWO)
    expect(at.reports).toEqual([])
  })
})

test('a backup that is played back has the same id: nothing is reported, and what it lacks is sent again', async () => {
  const storage = memoryStorage()
  at.served.set('first', serve(notesApp, storage))
  const space = await open(notesApp, 'first')
  await space.collections.notes.insert({ id: 'a', text: 'before' }).accepted
  await untilIdle(space)
  const backup = storage.copy()
  await space.collections.notes.insert({ id: 'b', text: 'after' }).accepted
  await untilIdle(space)
  at.served.set('first', serve(notesApp, backup))
  await space.collections.notes.insert({ id: 'c', text: 'later' }).accepted
  await untilIdle(space)
  expect(await idsOf(space)).toEqual(['a', 'b', 'c'])
  expect((await (at.served.get('first') as Partner).read('team', 'notes', 'b'))?.value['text']).toBe('after')
  expect(at.reports).toEqual([])
})

test('the partner of another app at the same address judges nothing, and nothing here changes until the right one is back', async () => {
  const storage = await leaveStore(true)
  const wrong = serve(otherApp)
  at.served.set('first', wrong)
  const space = await open(notesApp, 'first')
  for (let attempt = 0; attempt < 4; attempt += 1) {
    space.retry()
    await until(space.status, ({ wait }) => wait?.reason === 'other-app')
  }
  expect(await idsOf(space)).toEqual(ONE_AND_TWO)
  expect(space.status.getSnapshot()).toMatchObject({ pending: 1, setAside: 0, refused: 0, salvage: 0, halt: null })
  expect((await wrong.inspect('team')).head).toBe(0)
  at.served.set('first', serve(notesApp, storage))
  space.retry()
  await untilIdle(space)
  expect((await (at.served.get('first') as Partner).read('team', 'notes', 'unsent'))?.value['text']).toBe('b')
  expect(at.reports).toEqual([])
})
