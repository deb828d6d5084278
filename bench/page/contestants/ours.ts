import { openSpace, type Space, type SpaceStatus } from 'web-sync'
import { QUERY_LIMIT } from '../../shared/place.ts'
import { SPACE, schema } from '../../shared/schema.ts'
import type { CreateContestant } from '../contestant.ts'

type Bench = Space<(typeof schema)['collections']>

/** web-sync through its page API: worker, store and engine as an app has them. */
export const createContestant: CreateContestant = () => {
  let space: Bench
  const query = () => space.collections.places.query({ index: 'byPopulation', direction: 'desc', limit: QUERY_LIMIT })
  /** One whole run that began after this call. */
  const sync = async (): Promise<void> => {
    // One that is under way may have asked before, and would end after this call.
    await until(space, ({ state }) => state !== 'syncing')
    const calledAtMs = Date.now()
    space.retry()
    await until(
      space,
      ({ state, pending, lastSyncAtMs }) => state === 'idle' && pending === 0 && (lastSyncAtMs ?? 0) >= calledAtMs,
    )
  }
  return {
    open: async () => {
      space = await openSpace({ schema, space: SPACE, account: 'bench', endpoint: '/sync', persistStorage: false })
    },
    firstSync: () => until(space, ({ state, isPartial }) => state === 'idle' && !isPartial),
    count: () => space.collections.places.query().count(),
    get: (id) => space.collections.places.get(id),
    mostPopulous: () => query().all(),
    putOne: (place) => space.collections.places.put(place),
    putMany: async (places) => {
      await Promise.all(places.map((place) => space.collections.places.put(place)))
    },
    push: sync,
    pull: sync,
    watch: (heed) =>
      new Promise((resolve) => {
        const live = query()
        live.subscribe(({ records, isLoading }) => {
          if (isLoading) return
          heed(records)
          resolve()
        })
      }),
  }
}

/** Resolves when the space's status fits. */
function until(space: Bench, fits: (status: SpaceStatus) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (status: SpaceStatus): void => {
      if (!fits(status)) return
      stop()
      resolve()
    }
    const stop = space.status.subscribe(look)
    // A microtask later `stop` is there in any case.
    queueMicrotask(() => look(space.status.getSnapshot()))
  })
}
