import { Dexie, type Table, liveQuery } from 'dexie'
import { type Place, QUERY_LIMIT } from '../../shared/place.ts'
import type { CreateContestant } from '../contestant.ts'
import { fetchPages, pushPlaces } from '../server.ts'

interface Meta {
  readonly name: string
  readonly value: number
}

/** Dexie on the page, with one index, an outbox in the same transaction as the write, and the smallest honest sync over HTTP. */
export const createContestant: CreateContestant = () => {
  const database = new Dexie('bench', { chromeTransactionDurability: 'strict' })
  database.version(1).stores({ places: 'id, population', outbox: '++', meta: 'name' })
  const places = database.table<Place, string>('places')
  const outbox: Table<Place, number> = database.table('outbox')
  const meta = database.table<Meta, string>('meta')
  const query = (): Promise<Place[]> => places.orderBy('population').reverse().limit(QUERY_LIMIT).toArray()
  const pull = async (): Promise<void> => {
    const cursor = await meta.get('cursor')
    await fetchPages(cursor?.value ?? 0, (page) =>
      database.transaction('rw', places, meta, async () => {
        await places.bulkPut([...page.places])
        await meta.put({ name: 'cursor', value: page.last })
      }),
    )
  }
  return {
    open: async () => {
      await database.open()
    },
    firstSync: pull,
    count: () => places.count(),
    get: (id) => places.get(id),
    mostPopulous: query,
    putOne: (place) =>
      database.transaction('rw', places, outbox, async () => {
        await places.put(place)
        await outbox.add(place)
      }),
    putMany: (all) =>
      database.transaction('rw', places, outbox, async () => {
        await places.bulkPut([...all])
        await outbox.bulkAdd([...all])
      }),
    push: async () => {
      await pushPlaces(await outbox.toArray())
      await outbox.clear()
    },
    pull,
    watch: (heed) =>
      new Promise((resolve) => {
        liveQuery(query).subscribe((found) => {
          heed(found)
          resolve()
        })
      }),
  }
}
