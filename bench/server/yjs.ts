import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Doc, applyUpdate, encodeStateAsUpdate } from 'yjs'
import type { Place } from '../shared/place.ts'
import type { BenchServer } from './bench-server.ts'

/** A Yjs document on the server: updates by state vector over HTTP, every update durable before it is answered. */
export function createYjs(folder: string): BenchServer {
  const database = new DatabaseSync(join(folder, 'yjs.db'))
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS updates (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
  `)
  const doc = new Doc()
  const places = doc.getMap<Place>('places')
  for (const { data } of database.prepare('SELECT data FROM updates ORDER BY id').all() as unknown as {
    data: Uint8Array
  }[]) {
    applyUpdate(doc, data)
  }
  const insert = database.prepare('INSERT INTO updates (data) VALUES (?)')
  doc.on('update', (data) => void insert.run(data))
  const put = async (changed: readonly Place[]): Promise<void> =>
    doc.transact(() => {
      for (const place of changed) places.set(place.id, place)
    })
  return {
    fetch: async (request) => {
      const body = new Uint8Array(await request.arrayBuffer())
      if (new URL(request.url).pathname === '/sync/push') {
        applyUpdate(doc, body)
        return new Response(null, { status: 204 })
      }
      return new Response(encodeStateAsUpdate(doc, body) as Uint8Array<ArrayBuffer>)
    },
    seed: put,
    change: put,
    read: async (ids) => ids.map((id) => places.get(id) ?? null),
    close: async () => database.close(),
  }
}
