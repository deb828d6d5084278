import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Place } from '../shared/place.ts'

/** Records in SQLite, with a number that grows with every change: what the servers of contestants without one of their own stand on. */
export interface PlaceTable {
  /** One transaction, durable when it returns; the number of its last change. */
  put(places: readonly Place[]): number
  /** At most `limit` records changed after `after`, in order of change, as JSON texts. */
  after(after: number, limit: number): { readonly texts: readonly string[]; readonly last: number }
  read(id: string): Place | null
  /** For what else a server must keep. */
  readonly database: DatabaseSync
  close(): void
}

/** Opens the table; WAL and synchronous=FULL, as our own partner has it, so that «accepted» means the same everywhere. */
export function openPlaceTable(folder: string): PlaceTable {
  const database = new DatabaseSync(join(folder, 'places.db'))
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS places (id TEXT PRIMARY KEY, change INTEGER NOT NULL UNIQUE, value TEXT NOT NULL) WITHOUT ROWID;
  `)
  const insert = database.prepare(
    'INSERT INTO places VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET change = excluded.change, value = excluded.value',
  )
  const select = database.prepare('SELECT change, value FROM places WHERE change > ? ORDER BY change LIMIT ?')
  const find = database.prepare('SELECT value FROM places WHERE id = ?')
  const max = database.prepare('SELECT coalesce(max(change), 0) AS last FROM places')
  return {
    put: (places) => {
      let { last } = max.get() as { last: number }
      database.exec('BEGIN IMMEDIATE')
      for (const place of places) {
        last += 1
        insert.run(place.id, last, JSON.stringify(place))
      }
      database.exec('COMMIT')
      return last
    },
    after: (after, limit) => {
      const rows = select.all(after, limit) as unknown as { change: number; value: string }[]
      return { texts: rows.map((row) => row.value), last: rows.at(-1)?.change ?? after }
    },
    read: (id) => {
      const row = find.get(id) as { value: string } | undefined
      return row === undefined ? null : (JSON.parse(row.value) as Place)
    },
    database,
    close: () => database.close(),
  }
}
