import { type Place, mostPopulous } from '../../shared/place.ts'
import { fetchPages } from '../server.ts'
import type { Limit } from './limit.ts'

/** Fetches and parses, and stores nothing: what the network and JSON cost by themselves. Only its first sync means something. */
export function createFetchOnly(): Limit {
  const placeById = new Map<string, Place>()
  return {
    open: async () => undefined,
    sync: () =>
      fetchPages(0, async ({ places }) => {
        for (const place of places) placeById.set(place.id, place)
      }),
    count: async () => placeById.size,
    get: async (id) => placeById.get(id),
    mostPopulous: async () => mostPopulous(placeById.values()),
    put: async () => {
      throw new Error('fetch only: nothing is stored')
    },
    push: async () => {
      throw new Error('fetch only: nothing is sent')
    },
  }
}
