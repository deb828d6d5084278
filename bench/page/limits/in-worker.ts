import { type Remote, wrap } from 'comlink'
import type { Place } from '../../shared/place.ts'
import type { Contestant } from '../contestant.ts'
import type { Limit } from './limit.ts'

/** A limit as a contestant: all its work is in a worker, as ours is. It has no live queries: after a write the query runs again. */
export function createInWorker(name: 'rows' | 'rows-index' | 'packed' | 'fetch'): Contestant {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name })
  const limit: Remote<Limit> = wrap<Limit>(worker)
  let heedNew: ((places: readonly Place[]) => void) | null = null
  return {
    open: () => limit.open(),
    firstSync: () => limit.sync(),
    count: () => limit.count(),
    get: (id) => limit.get(id),
    mostPopulous: () => limit.mostPopulous(),
    putOne: async (place) => {
      await limit.put([place])
      if (heedNew !== null) heedNew(await limit.mostPopulous())
    },
    putMany: (places) => limit.put(places),
    push: () => limit.push(),
    pull: () => limit.sync(),
    watch: async (heed) => {
      heed(await limit.mostPopulous())
      heedNew = heed
    },
  }
}
