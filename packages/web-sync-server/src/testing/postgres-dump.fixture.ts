import type { DumpedStorage } from './storage-dump.fixture.ts'
import { sql, type TestDatabase, type TestServer } from './postgres.fixture.ts'
import { postgresStorage } from '../storage/postgres/index.ts'

/** A storage in a database of its own, whose tables are read as the superuser. */
export async function dumpedPostgres(server: TestServer): Promise<DumpedStorage> {
  const database = await server.database()
  return { name: 'PostgreSQL', storage: postgresStorage({ url: database.url }), dump: () => dumpDatabase(database) }
}

/** All rows of all tables but `sightings`, in an order that does not depend on where they lie. */
async function dumpDatabase({ adminUrl }: TestDatabase): Promise<string> {
  const tables = await sql(
    adminUrl,
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'web_sync' ORDER BY table_name`,
  )
  const dumped: unknown[] = []
  for (const { name } of tables) {
    if (name === 'sightings' || name === 'migrations') continue
    dumped.push([name, await sql(adminUrl, `SELECT t::text AS line FROM web_sync.${String(name)} t ORDER BY line`)])
  }
  return JSON.stringify(dumped)
}
