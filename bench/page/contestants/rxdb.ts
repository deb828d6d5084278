import { type RxCollection, type RxJsonSchema, createRxDatabase } from 'rxdb/plugins/core'
import { replicateRxCollection } from 'rxdb/plugins/replication'
import { getRxStorageDexie } from 'rxdb/plugins/storage-dexie'
import { type Place, QUERY_LIMIT } from '../../shared/place.ts'
import type { CreateContestant } from '../contestant.ts'
import { fetchPage, pushPlaces } from '../server.ts'

interface Checkpoint {
  readonly last: number
}

const text = { type: 'string' } as const

const placeSchema: RxJsonSchema<Place> = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: {
    id: { type: 'string', maxLength: 32 },
    name: text,
    altName: text,
    country: text,
    featureCode: text,
    adminCode: text,
    population: { type: 'integer', minimum: 0, maximum: 10_000_000_000, multipleOf: 1 },
    lat: { type: 'number' },
    lon: { type: 'number' },
  },
  required: ['id', 'name', 'population'],
  indexes: ['population'],
}

/** RxDB on its free storage (Dexie), with its own replication. */
export const createContestant: CreateContestant = () => {
  let places: RxCollection<Place>
  /** What the replication still has to send goes out by `push`, what the server has comes by `pull`: one run of it does both. */
  const replicate = async (): Promise<void> => {
    const replication = replicateRxCollection<Place, Checkpoint>({
      collection: places,
      replicationIdentifier: 'bench',
      live: false,
      retryTime: 10,
      pull: {
        batchSize: 5_000,
        handler: async (checkpoint, batchSize) => {
          const page = await fetchPage(checkpoint?.last ?? 0, batchSize)
          const documents = page.places.map((place) => ({ ...place, _deleted: false }))
          return { documents, checkpoint: { last: page.last } }
        },
      },
      push: {
        batchSize: 1_000,
        handler: async (rows) => {
          await pushPlaces(rows.map(({ newDocumentState: { _deleted, ...place } }) => place))
          return []
        },
      },
    })
    const failed = new Promise<never>((_, reject) => {
      replication.error$.subscribe(reject)
    })
    await Promise.race([replication.awaitInitialReplication(), failed])
    await replication.awaitInSync()
    await replication.cancel()
  }
  const query = () => places.find({ sort: [{ population: 'desc' }], limit: QUERY_LIMIT })
  return {
    open: async () => {
      const database = await createRxDatabase({ name: 'bench', storage: getRxStorageDexie() })
      const collections = await database.addCollections({ places: { schema: placeSchema } })
      places = collections.places as RxCollection<Place>
    },
    firstSync: replicate,
    count: async () => places.count().exec(),
    get: async (id) => (await places.findOne(id).exec())?.toJSON(),
    mostPopulous: async () => (await query().exec()).map((doc) => doc.toJSON() as Place),
    putOne: async (place) => {
      await places.upsert(place)
    },
    putMany: async (all) => {
      await places.bulkUpsert([...all])
    },
    push: replicate,
    pull: replicate,
    watch: (heed) =>
      new Promise((resolve) => {
        query().$.subscribe((docs) => {
          heed(docs.map((doc) => doc.toJSON() as Place))
          resolve()
        })
      }),
  }
}
