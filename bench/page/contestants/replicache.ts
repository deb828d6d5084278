import { Replicache, TEST_LICENSE_KEY, type WriteTransaction } from 'replicache'
import { type Place, QUERY_LIMIT } from '../../shared/place.ts'
import { type SortedPlace, toSorted } from '../../shared/replicache-value.ts'
import type { CreateContestant } from '../contestant.ts'

const NAME = 'bench'

const mutators = {
  put: async (tx: WriteTransaction, place: SortedPlace): Promise<void> => tx.set(`place/${place.id}`, { ...place }),
}

/** Replicache with one index; it answers writes from memory and stores them in its own time. */
export const createContestant: CreateContestant = () => {
  let replicache: Replicache<typeof mutators>
  const query = (): Promise<Place[]> =>
    replicache.query(
      async (tx) =>
        (await tx.scan({ indexName: 'population', limit: QUERY_LIMIT }).values().toArray()) as unknown as Place[],
    )
  const pull = async (): Promise<void> => {
    await replicache.pull({ now: true })
    await nextPersist()
  }
  return {
    open: async () => {
      replicache = new Replicache({
        name: NAME,
        licenseKey: TEST_LICENSE_KEY,
        pushURL: '/sync/push',
        pullURL: '/sync/pull',
        pullInterval: null,
        mutators,
        indexes: { population: { prefix: 'place/', jsonPointer: '/sort' } },
      })
      await replicache.clientGroupID
    },
    firstSync: pull,
    count: () => replicache.query(async (tx) => (await tx.scan({ prefix: 'place/' }).keys().toArray()).length),
    get: (id) => replicache.query(async (tx) => (await tx.get(`place/${id}`)) as unknown as Place | undefined),
    mostPopulous: query,
    putOne: (place) => replicache.mutate.put(toSorted(place)),
    putMany: async (places) => {
      const written = Promise.all(places.map((place) => replicache.mutate.put(toSorted(place))))
      await written
      await nextPersist()
    },
    push: () => replicache.push({ now: true }),
    pull,
    watch: (heed) =>
      new Promise((resolve) => {
        replicache.subscribe(
          async (tx) => (await tx.scan({ indexName: 'population', limit: QUERY_LIMIT }).values().toArray()) as never,
          (found: readonly Place[]) => {
            heed(found)
            resolve()
          },
        )
      }),
  }
}

/** It tells other tabs when it has stored what it has in memory; so we hear it, too. */
function nextPersist(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(`replicache-on-persist:${NAME}`)
    channel.addEventListener('message', () => {
      channel.close()
      resolve()
    })
  })
}
