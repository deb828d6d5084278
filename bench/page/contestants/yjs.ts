import { IndexeddbPersistence } from 'y-indexeddb'
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import { type Place, mostPopulous } from '../../shared/place.ts'
import type { CreateContestant } from '../contestant.ts'

/** Under this name the persistence keeps what the server has. */
const KNOWN = 'known'

/** Yjs with y-indexeddb: all records are in one map in the page's memory; updates go by state vector over HTTP. */
export const createContestant: CreateContestant = () => {
  const doc = new Doc()
  const places = doc.getMap<Place>('places')
  let persistence: IndexeddbPersistence
  /** A transaction over the persistence's updates begins when those that were begun before are complete; one over its other store would not wait. */
  const stored = (): Promise<void> =>
    new Promise((resolve, reject) => {
      // `!`: it is open since `whenSynced`.
      const transaction = persistence.db!.transaction('updates', 'readonly')
      transaction.addEventListener('complete', () => resolve())
      transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('the transaction was aborted')))
      transaction.objectStore('updates').count()
    })
  /** What the server has of this document, beside its own. */
  let known = encodeStateVector(doc)
  const setKnown = async (): Promise<void> => {
    known = encodeStateVector(doc)
    await persistence.set(KNOWN, known as never)
  }
  const pull = async (): Promise<void> => {
    applyUpdate(doc, await ask('/sync/pull', encodeStateVector(doc)))
    await stored()
  }
  const put = (all: readonly Place[]): void =>
    doc.transact(() => {
      for (const place of all) places.set(place.id, place)
    })
  return {
    open: async () => {
      persistence = new IndexeddbPersistence('bench', doc)
      await persistence.whenSynced
      known = ((await persistence.get(KNOWN)) as Uint8Array | undefined) ?? known
    },
    firstSync: async () => {
      await pull()
      await setKnown()
    },
    count: async () => places.size,
    get: async (id) => places.get(id),
    mostPopulous: async () => mostPopulous(places.values()),
    putOne: async (place) => put([place]),
    putMany: async (all) => {
      put(all)
      await stored()
    },
    push: async () => {
      await ask('/sync/push', encodeStateAsUpdate(doc, known))
      await setKnown()
    },
    pull,
    watch: async (heed) => {
      places.observe(() => heed(mostPopulous(places.values())))
      heed(mostPopulous(places.values()))
    },
  }
}

async function ask(path: string, body: Uint8Array): Promise<Uint8Array> {
  const response = await fetch(path, { method: 'POST', body: body as Uint8Array<ArrayBuffer> })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}
