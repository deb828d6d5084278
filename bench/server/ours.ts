import { join } from 'node:path'
import type { JsonObject } from 'web-sync-protocol'
import { createPartner, sqliteStorage } from 'web-sync-server'
import { SPACE, schema } from '../shared/schema.ts'
import type { Place } from '../shared/place.ts'
import type { BenchServer } from './bench-server.ts'

/** The product's own partner, on SQLite with WAL and synchronous=FULL. */
export function createOurs(folder: string): BenchServer {
  const partner = createPartner({
    schema,
    storage: sqliteStorage(join(folder, 'partner.db')),
    authenticate: () => ({ account: 'bench' }),
    authorize: () => 'write',
    onEvent: (event) => {
      if (event.type === 'error') console.error(`the partner failed in ${event.where}:`, event.error)
    },
  })
  return {
    fetch: (request) => partner.fetch(request),
    seed: async (places) => {
      await partner.importRecords(SPACE, 'places', places as Iterable<Place & JsonObject>)
    },
    change: async (places) => {
      await partner.transact(SPACE, (tx) => {
        for (const place of places as Iterable<Place & JsonObject>) tx['places']?.put(place)
      })
    },
    read: (ids) =>
      Promise.all(
        ids.map(async (id) => {
          const found = await partner.read(SPACE, 'places', id)
          return found === null ? null : (found.value as unknown as Place)
        }),
      ),
    close: () => partner.close(),
  }
}
