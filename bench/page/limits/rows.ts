import { type Place, QUERY_LIMIT, mostPopulous } from '../../shared/place.ts'
import { fetchPages, pushPlaces } from '../server.ts'
import { addToOutbox, begin, completed, done, openDatabase, readCursor } from './database.ts'
import type { Limit } from './limit.ts'

/** One row for each record, with or without an index. */
export function createRows(hasIndex: boolean): Limit {
  let database: IDBDatabase
  return {
    open: async () => {
      database = await openDatabase(hasIndex ? 'rows-index' : 'rows')
    },
    sync: async () =>
      fetchPages(await readCursor(database), async ({ places, last }) => {
        const transaction = begin(database, ['rows', 'meta'], 'relaxed')
        const rows = transaction.objectStore('rows')
        for (const place of places) rows.put(place)
        transaction.objectStore('meta').put(last, 'cursor')
        await completed(transaction)
      }),
    count: () => done(database.transaction('rows').objectStore('rows').count()),
    get: (id) => done(database.transaction('rows').objectStore('rows').get(id) as IDBRequest<Place | undefined>),
    mostPopulous: async () => {
      const rows = database.transaction('rows').objectStore('rows')
      if (hasIndex) return takeLast(rows.index('population'))
      return mostPopulous(await done(rows.getAll() as IDBRequest<Place[]>))
    },
    put: async (places) => {
      const transaction = begin(database, ['rows', 'outbox'], 'strict')
      const rows = transaction.objectStore('rows')
      for (const place of places) {
        rows.put(place)
        addToOutbox(transaction, [place])
      }
      await completed(transaction)
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

/** The records with the greatest keys, in falling order. */
function takeLast(index: IDBIndex): Promise<Place[]> {
  const found: Place[] = []
  const request = index.openCursor(null, 'prev')
  return new Promise((resolve, reject) => {
    request.addEventListener('error', () => reject(request.error ?? new Error('the cursor failed')))
    request.addEventListener('success', () => {
      const cursor = request.result
      if (cursor === null || found.length === QUERY_LIMIT) return resolve(found)
      found.push(cursor.value as Place)
      cursor.continue()
    })
  })
}
