import PouchDB from 'pouchdb-browser'
import find from 'pouchdb-find'
import { type Place, QUERY_LIMIT } from '../../shared/place.ts'
import type { CreateContestant } from '../contestant.ts'

type Stored = Omit<Place, 'id'>

/** Documents in one exchange, as for the others. */
const BATCH_DOCS = 5_000

/** PouchDB with a Mango index and its own replication. */
export const createContestant: CreateContestant = () => {
  PouchDB.plugin(find)
  const database = new PouchDB<Stored>('bench')
  const remote = new PouchDB<Stored>(new URL('/sync/db', location.href).href)
  const toPlace = ({ _id, _rev, ...fields }: PouchDB.Core.ExistingDocument<Stored>): Place => ({ id: _id, ...fields })
  const query = async (): Promise<Place[]> => {
    const { docs } = await database.find({
      selector: { population: { $gte: 0 } },
      sort: [{ population: 'desc' }],
      limit: QUERY_LIMIT,
    })
    return docs.map(toPlace)
  }
  const get = async (id: string): Promise<Place | undefined> => {
    try {
      return toPlace(await database.get(id))
    } catch (error) {
      if ((error as PouchDB.Core.Error).status === 404) return undefined
      throw error
    }
  }
  /** A write names the revision that it replaces. */
  const putMany = async (places: readonly Place[]): Promise<void> => {
    const { rows } = await database.allDocs({ keys: places.map(({ id }) => id) })
    await database.bulkDocs(
      places.map(({ id, ...fields }, index) => {
        const row = rows[index]
        return row !== undefined && 'value' in row
          ? { _id: id, _rev: row.value.rev, ...fields }
          : { _id: id, ...fields }
      }),
    )
  }
  const pull = async (): Promise<void> => {
    await database.replicate.from(remote, { batch_size: BATCH_DOCS })
  }
  return {
    open: async () => {
      await database.createIndex({ index: { fields: ['population'] } })
    },
    firstSync: async () => {
      await pull()
      // The index is built by the first query, so «queryable» ends there.
      await query()
    },
    count: async () => {
      const { rows } = await database.allDocs()
      return rows.filter(({ id }) => !isDesign(id)).length
    },
    get,
    mostPopulous: query,
    putOne: (place) => putMany([place]),
    putMany,
    push: async () => {
      await database.replicate.to(remote, {
        batch_size: BATCH_DOCS,
        filter: isPlace,
      })
    },
    pull,
    watch: async (heed) => {
      const show = async (): Promise<void> => heed(await query())
      void database.changes({ live: true, since: 'now' }).on('change', () => void show())
      await show()
    },
  }
}

function isPlace(doc: { readonly _id: string }): boolean {
  return !isDesign(doc['_id'])
}

/** Indexes are documents, too. */
function isDesign(id: string): boolean {
  return id.startsWith('_design/')
}
