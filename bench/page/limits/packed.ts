import { type Place, mostPopulous } from '../../shared/place.ts'
import { fetchPages, pushPlaces } from '../server.ts'
import { addToOutbox, begin, completed, done, openDatabase, readCursor } from './database.ts'
import type { Limit } from './limit.ts'

/** Records in one row: fastest as measured; more of them become blob files. */
const PACK_RECORDS = 256

/**
 * Many records as JSON text in one row, in the order in which they came; a later state of a record stands in a later row. To answer a
 * query all of it is parsed once and kept in memory: this is the limit of writing, not a design.
 */
export function createPacked(): Limit {
  let database: IDBDatabase
  let loading: Promise<Map<string, Place>> | null = null

  const load = async (): Promise<Map<string, Place>> => {
    const packs = await done(database.transaction('packs').objectStore('packs').getAll() as IDBRequest<string[]>)
    const placeById = new Map<string, Place>()
    for (const pack of packs) for (const place of JSON.parse(pack) as Place[]) placeById.set(place.id, place)
    return placeById
  }
  const loaded = (): Promise<Map<string, Place>> => (loading ??= load())
  const remember = async (places: readonly Place[]): Promise<void> => {
    if (loading === null) return
    const placeById = await loading
    for (const place of places) placeById.set(place.id, place)
  }
  return {
    open: async () => {
      database = await openDatabase('packed')
    },
    sync: async () =>
      fetchPages(await readCursor(database), async ({ places, last }) => {
        const transaction = begin(database, ['packs', 'meta'], 'relaxed')
        addPacks(transaction, places)
        transaction.objectStore('meta').put(last, 'cursor')
        await completed(transaction)
        await remember(places)
      }),
    count: async () => (await loaded()).size,
    get: async (id) => (await loaded()).get(id),
    mostPopulous: async () => mostPopulous((await loaded()).values()),
    put: async (places) => {
      const transaction = begin(database, ['packs', 'outbox'], 'strict')
      addPacks(transaction, places)
      addToOutbox(transaction, places)
      await completed(transaction)
      await remember(places)
    },
    push: async () => {
      const texts = await done(database.transaction('outbox').objectStore('outbox').getAll() as IDBRequest<string[]>)
      await pushPlaces(texts.flatMap((text) => JSON.parse(text) as Place[]))
      const transaction = begin(database, ['outbox'], 'relaxed')
      transaction.objectStore('outbox').clear()
      await completed(transaction)
    },
  }
}

function addPacks(transaction: IDBTransaction, places: readonly Place[]): void {
  const packs = transaction.objectStore('packs')
  for (let from = 0; from < places.length; from += PACK_RECORDS) {
    packs.add(JSON.stringify(places.slice(from, from + PACK_RECORDS)))
  }
}
