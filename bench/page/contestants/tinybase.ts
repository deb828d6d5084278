import { createStore } from 'tinybase'
import { createIndexedDbPersister } from 'tinybase/persisters/persister-indexed-db'
import { type Place, QUERY_LIMIT } from '../../shared/place.ts'
import type { CreateContestant } from '../contestant.ts'
import { fetchPages, pushPlaces } from '../server.ts'

/** TinyBase with its IndexedDB persister, which writes the whole store at each save; sync is the smallest honest one over HTTP. */
export const createContestant: CreateContestant = () => {
  const store = createStore()
  const persister = createIndexedDbPersister(store, 'bench')
  const toPlace = (id: string): Place => store.getRow('places', id) as unknown as Place
  const put = (places: readonly Place[], isOwn: boolean): void => {
    store.transaction(() => {
      for (const place of places) {
        store.setRow('places', place.id, { ...place })
        if (isOwn) store.setCell('outbox', place.id, 'isWaiting', true)
      }
    })
  }
  const query = (): Place[] => store.getSortedRowIds('places', 'population', true, 0, QUERY_LIMIT).map(toPlace)
  const pull = async (): Promise<void> => {
    await fetchPages(Number(store.getValue('cursor') ?? 0), async (page) => {
      put(page.places, false)
      store.setValue('cursor', page.last)
    })
    await persister.save()
  }
  return {
    open: async () => {
      await persister.load()
    },
    firstSync: pull,
    count: async () => store.getRowCount('places'),
    get: async (id) => (store.hasRow('places', id) ? toPlace(id) : undefined),
    mostPopulous: async () => query(),
    putOne: async (place) => {
      put([place], true)
      await persister.save()
    },
    putMany: async (places) => {
      put(places, true)
      await persister.save()
    },
    push: async () => {
      await pushPlaces(store.getRowIds('outbox').map(toPlace))
      store.delTable('outbox')
      await persister.save()
    },
    pull,
    watch: async (heed) => {
      // Not the listener of the sorted ids: it says nothing of a row that changes and keeps its place.
      store.addTableListener('places', () => heed(query()))
      heed(query())
    },
  }
}
