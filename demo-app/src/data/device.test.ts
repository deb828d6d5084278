/** How an app tests its data with `web-sync/testing`: no server, no browser, no waiting for time to pass. */
import type { Space } from 'web-sync'
import { createPageGlobals, createTestDevice, FakePartner, scriptFetch, until } from 'web-sync/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { INITIAL_STATE, type AppState, type Store } from '../app/state.ts'
import { findPerson } from '../people.ts'
import { PLACES_SPACE, REFUSED_WORD, type Place, foldName } from '../schema.ts'
import { type Device, makeNote, openDevice } from './device.ts'

const vienna: Place = {
  id: '2761369',
  name: 'Wien',
  sort: foldName('Wien'),
  country: 'AT',
  population: 1_691_468,
  lat: 48.2,
  lon: 16.4,
}

let partner: FakePartner
let network: ReturnType<typeof scriptFetch>
let testDevice: ReturnType<typeof createTestDevice>
let open: Device[]

beforeEach(() => {
  for (const [name, value] of Object.entries(createPageGlobals().globals)) vi.stubGlobal(name, value)
  partner = new FakePartner({
    refuse: (op) => (JSON.stringify(op).includes(REFUSED_WORD) ? { message: 'not this word' } : null),
  })
  partner.put(PLACES_SPACE, 'places', { ...vienna })
  network = scriptFetch(partner.fetch, { concerns: ({ mutations }) => mutations.length > 0 })
  testDevice = createTestDevice({ fetch: network.fetch })
  open = []
})

afterEach(async () => {
  await Promise.all(open.map((device) => device.close()))
  vi.unstubAllGlobals()
})

/** What the views would draw from, to be waited for. */
interface WatchedStore extends Store {
  readonly subscribe: (listener: (state: AppState) => void) => () => void
}

function createWatchedStore(): WatchedStore {
  const listeners = new Set<(state: AppState) => void>()
  let state = INITIAL_STATE
  return {
    get: () => state,
    set: (change) => {
      state = { ...state, ...change }
      for (const listener of listeners) listener(state)
    },
    subscribe: (listener) => {
      listeners.add(listener)
      listener(state)
      return () => listeners.delete(listener)
    },
  }
}

/** Starts the app's data layer in a new tab, for Ada. */
async function openTab(store: Store = createWatchedStore()): Promise<Device> {
  const ada = findPerson('ada')
  if (ada === undefined) throw new Error('Ada has left the team')
  const handle = { createWorker: () => testDevice.createWorker(), kill: () => undefined }
  const device = await openDevice(ada, handle, store, () => undefined)
  open.push(device)
  return device
}

/** Until the device has what the partner has. */
async function firstSync({ team }: Device): Promise<void> {
  await until(team.status, ({ state, isPartial }) => state === 'idle' && !isPartial)
}

function textAtPartner({ space }: Pick<Space, 'space'>, id: string): unknown {
  return partner.read(space, 'notes', id)?.['text']
}

test('a note that is written offline is shown at once, survives a reload, and is accepted when the network is back', async () => {
  partner.isOnline = false
  const store = createWatchedStore()
  const before = await openTab(store)
  const note = makeNote(vienna, 'ada', 'Herons on the island.')
  const write = before.team.collections.notes.insert(note)
  await write // stored on the device
  const { recent } = await until(store, (state) => state.recent.length === 1)
  expect(recent).toEqual([note])
  expect(textAtPartner(before.team, note.id)).toBeUndefined()
  await before.close()

  partner.isOnline = true
  const after = await openTab()
  await after.team.write(write.mutationId).accepted
  expect(textAtPartner(after.team, note.id)).toBe('Herons on the island.')
  expect(partner.received).toEqual([write.mutationId])
})

test('a response that is lost costs one more exchange; the note is there once', async () => {
  const device = await openTab()
  const { team } = device
  await firstSync(device)
  network.play('lose-response')
  const note = makeNote(vienna, 'ada', 'Counted twice?')
  const write = team.collections.notes.insert(note)
  await until(team.status, ({ state }) => state === 'waiting')
  expect(textAtPartner(team, note.id)).toBe('Counted twice?')
  team.retry()
  await write.accepted
  expect(partner.received).toEqual([write.mutationId, write.mutationId])
  expect(await team.collections.notes.query().all()).toEqual([note])
})

test('a note that is refused stays in sight, and passes once it is edited', async () => {
  const store = createWatchedStore()
  const { team } = await openTab(store)
  const note = makeNote(vienna, 'ada', `A ${REFUSED_WORD} word.`)
  const write = team.collections.notes.insert(note)
  await expect(write.accepted).rejects.toMatchObject({ code: 'refused', refusal: 'not-allowed' })
  const { refused } = await until(store, (state) => state.refused.length === 1)
  expect(refused[0]).toMatchObject({ mutationId: write.mutationId, message: 'not this word' })
  expect(textAtPartner(team, note.id)).toBeUndefined()

  await team.refused.edit(write.mutationId, (tx) => tx.notes.insert({ ...note, text: 'A better word.' })).accepted
  expect(textAtPartner(team, note.id)).toBe('A better word.')
  expect(await team.refused.list()).toEqual([])
})

test('a colleague’s note arrives by itself', async () => {
  const store = createWatchedStore()
  const device = await openTab(store)
  await firstSync(device)
  partner.put(device.team.space, 'notes', { ...makeNote(vienna, 'ben', 'From Ben.') })
  const { recent } = await until(store, (state) => state.recent.length === 1)
  expect(recent[0]).toMatchObject({ author: 'ben', text: 'From Ben.' })
})

test('a note that the partner has lost with its last hours is sent again', async () => {
  const device = await openTab()
  const { team } = device
  await firstSync(device)
  const backup = partner.backUp()
  const note = makeNote(vienna, 'ada', 'Written after the backup.')
  await team.collections.notes.insert(note).accepted
  partner.restore(backup)
  expect(textAtPartner(team, note.id)).toBeUndefined()
  // Any exchange shows the partner's accident; the next write brings one.
  await team.collections.notes.insert(makeNote(vienna, 'ada', 'The next one.')).accepted
  await until(team.status, ({ state, pending }) => state === 'idle' && pending === 0)
  expect(textAtPartner(team, note.id)).toBe('Written after the backup.')
})

test('when the sign-in has expired the note waits, and goes out after signing in', async () => {
  const { team } = await openTab()
  partner.isSignedIn = false
  const note = makeNote(vienna, 'ada', 'Still mine.')
  const write = team.collections.notes.insert(note)
  await write
  team.retry()
  await until(team.status, ({ halt }) => halt === 'sign-in')
  partner.isSignedIn = true
  team.retry()
  await write.accepted
  expect(textAtPartner(team, note.id)).toBe('Still mine.')
})

test('the places come with the first sync', async () => {
  const store = createWatchedStore()
  const device = await openTab(store)
  device.follow({ ...INITIAL_STATE, search: 'wie' })
  const { places } = await until(store, (state) => state.places.length > 0)
  expect(places).toEqual([vienna])
})
