import { type SignOutResult, type Space, type UnsentChoice, openSpace } from 'web-sync'
import type { AppState, Store } from '../app/state.ts'
import type { Person } from '../people.ts'
import { ENDPOINTS, type Note, PLACES_SPACE, type Place, foldName, schema } from '../schema.ts'
import { ROWS_DRAWN } from '../views/places.ts'
import type { WorkerHandle } from './worker-handle.ts'

/** Both spaces, open for one person: what the app reads goes into its store by itself. */
export interface Device {
  readonly team: FieldSpace
  readonly places: FieldSpace
  /** Follows what the state says is wanted: the search, the sorting, the chosen place. */
  readonly follow: (state: AppState) => void
  /** Signs the person out of this device: both spaces close, in all tabs. Nothing has changed if the result is `unsent`. */
  readonly signOut: (unsent: UnsentChoice) => Promise<SignOutResult>
  readonly close: () => Promise<void>
  /** Stops listening without a word to the worker: it is dead. */
  readonly abandon: () => void
}

/** A space with the collections of the demo. */
export type FieldSpace = Space<(typeof schema)['collections']>

/** Rows that are read for a search, so that the largest of them can be shown first. */
const ROWS_READ = 4_000
/** Points of the map of the world. */
const MAP_POINTS = 4_000

/** The longest that somebody who signs out waits for what is unsent, in milliseconds. */
const SEND_MS = 10_000

/** Opens the spaces for a person. */
export async function openDevice(
  person: Person,
  worker: WorkerHandle,
  store: Store,
  drawWorld: (places: readonly Place[]) => void,
): Promise<Device> {
  const { createWorker } = worker
  const [team, places] = await Promise.all([
    openSpace({ schema, space: person.team, account: person.id, endpoint: ENDPOINTS.team, createWorker }),
    openSpace({
      schema,
      space: PLACES_SPACE,
      account: person.id,
      endpoint: ENDPOINTS.places,
      createWorker,
      persistStorage: false,
    }),
  ])
  const stops = [
    team.status.subscribe((status) => store.set({ team: status })),
    places.status.subscribe((status) => store.set({ placesStatus: status })),
    team.writes.subscribe((writes) => store.set({ writes })),
    team.refused.subscribe((refused) => store.set({ refused })),
    team.salvage.subscribe((salvage) => store.set({ salvage })),
    team.collections.notes
      .query({ index: 'byTime', direction: 'desc', limit: 20 })
      .subscribe(({ records }) => store.set({ recent: records })),
    followWorld(places, drawWorld),
  ]
  const list = createFollower<readonly [string, AppState['sort']]>(([search, sort]) =>
    followPlaces(places, search, sort, store),
  )
  const place = createFollower<readonly [string]>(([placeId]) => followPlace(team, placeId, store))
  const abandon = (): void => {
    for (const stop of [...stops, list.stop, place.stop]) stop()
  }
  const close = async (): Promise<void> => {
    abandon()
    await Promise.all([team.close(), places.close()])
  }
  return {
    team,
    places,
    follow: (state) => {
      list.set([foldName(state.search.trim()), state.sort])
      place.set([state.selected?.id ?? ''])
    },
    abandon,
    signOut: async (unsent) => {
      // Each endpoint has its own stores, and so its own sign-out.
      // The team's comes first: people write only there.
      const result = await team.signOut({ unsent, timeoutMs: SEND_MS })
      if (result.type === 'unsent') return result
      const ofPlaces = await places.signOut({ unsent, timeoutMs: SEND_MS })
      if (ofPlaces.type === 'unsent') return ofPlaces
      await close()
      return result
    },
    close,
  }
}

/** Keeps one subscription for what is wanted now, and changes it only when something else is wanted. */
function createFollower<Wanted extends readonly string[]>(
  begin: (wanted: Wanted) => () => void,
): { readonly set: (wanted: Wanted) => void; readonly stop: () => void } {
  let current: { readonly key: string; readonly stop: () => void } | null = null
  return {
    set: (wanted) => {
      const key = wanted.join('\n')
      if (current?.key === key) return
      current?.stop()
      current = { key, stop: begin(wanted) }
    },
    stop: () => current?.stop(),
  }
}

function followPlaces(places: FieldSpace, search: string, sort: AppState['sort'], store: Store): () => void {
  const byPopulation = sort === 'population'
  // One letter fits so many places that walking down from the largest finds a hundred at once; more letters are few enough to sort here.
  const isNarrow = byPopulation && search.length > 1
  const query = places.collections.places.query({
    index: byPopulation && !isNarrow ? 'byPopulation' : 'byName',
    direction: byPopulation && !isNarrow ? 'desc' : 'asc',
    limit: isNarrow ? ROWS_READ : ROWS_DRAWN,
    ...(search === '' ? {} : { where: { sort: { prefix: search } } }),
  })
  return query.subscribe(({ records, isPartial }) => {
    const sorted = isNarrow ? records.toSorted((a, b) => b.population - a.population).slice(0, ROWS_DRAWN) : records
    store.set({ places: sorted, isPlacesPartial: isPartial })
  })
}

/**
 * The map is the result of a live query: what a page of the first sync changes in it is told by the worker from memory. To look it up anew
 * reads thousands of records that lie in packs all over the database; doing so every few seconds took longer than all the rest of the
 * first sync.
 */
function followWorld(places: FieldSpace, drawWorld: (places: readonly Place[]) => void): () => void {
  const query = places.collections.places.query({ index: 'byPopulation', direction: 'desc', limit: MAP_POINTS })
  return query.subscribe(({ records }) => drawWorld(records))
}

function followPlace(team: FieldSpace, placeId: string, store: Store): () => void {
  store.set({ notes: [], visits: [] })
  if (placeId === '') return () => undefined
  const where = { placeId }
  const stops = [
    team.collections.notes
      .query({ index: 'byPlace', direction: 'desc', where, limit: 200 })
      .subscribe(({ records }) => store.set({ notes: records })),
    team.collections.visits
      .query({ index: 'byPlace', direction: 'desc', where, limit: 200 })
      .subscribe(({ records }) => store.set({ visits: records })),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** A new note on a place. */
export function makeNote(place: Place, author: string, text: string): Note {
  return { id: crypto.randomUUID(), placeId: place.id, placeName: place.name, text, author, createdAt: Date.now() }
}
