import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { databaseOf, sql, type TestDatabase, withPostgres } from '../../testing/postgres.fixture.ts'
import { migratePostgres, postgresStorage } from './index.ts'
import { LAYOUT_VERSION } from './migration-files.ts'

/** See captured.test.ts of web-sync, whose recorder writes these files. */
const FOLDER = new URL('../../../../web-sync/captured/', import.meta.url)
const captures = readdirSync(FOLDER).flatMap((name) => {
  const version = /^postgres-(\d+)\.sql$/.exec(name)?.[1]
  return version === undefined ? [] : [{ version: Number(version), text: readFileSync(new URL(name, FOLDER), 'utf8') }]
})
const server = withPostgres()

/** A database that is made of a dump. */
async function load(dump: string): Promise<TestDatabase> {
  const name = `captured_${randomUUID().replaceAll('-', '')}`
  await sql(server.cluster().url(), `CREATE DATABASE ${name} OWNER web_sync_owner`)
  const database = databaseOf(server.cluster(), name)
  await sql(database.ownerUrl, dump)
  return database
}

/** Every row of every table, and every function. */
async function readAll({ adminUrl }: TestDatabase): Promise<unknown> {
  const tables = await sql(adminUrl, "SELECT tablename FROM pg_tables WHERE schemaname = 'web_sync' ORDER BY 1")
  const functions = "SELECT prosrc FROM pg_proc WHERE pronamespace = 'web_sync'::regnamespace ORDER BY 1"
  const rows = tables.map(async ({ tablename }) => {
    return [tablename, await sql(adminUrl, `SELECT t::text AS line FROM web_sync.${String(tablename)} t ORDER BY 1`)]
  })
  return [await sql(adminUrl, functions), await Promise.all(rows)]
}

describe('a captured PostgreSQL database', () => {
  test('of today is there: if not, run pnpm capture', () => {
    expect(captures.map(({ version }) => version)).toContain(LAYOUT_VERSION)
  })

  test.each(captures.filter(({ version }) => version === LAYOUT_VERSION))(
    'of version $version is read, and nothing is to be migrated',
    async ({ text }) => {
      const { ownerUrl, url } = await load(text)
      expect(await migratePostgres({ url: ownerUrl, runtimeRole: 'web_sync_app' })).toMatchObject({ applied: [] })
      const storage = postgresStorage({ url })
      onTestFinished(() => storage.close())
      const record = await storage.read('captured', (tx) => tx.getRecord('notes', 'c'))
      expect(JSON.parse(record?.value ?? '')).toMatchObject({ id: 'c', text: 'of the partner' })
    },
  )

  test.each(captures.filter(({ version }) => version !== LAYOUT_VERSION))(
    'of version $version is refused, by migrate too, and nothing of it is changed',
    async ({ version, text }) => {
      const database = await load(text)
      const before = await readAll(database)
      const refusal = { code: version < LAYOUT_VERSION ? 'older-layout' : 'newer-schema' }
      const storage = postgresStorage({ url: database.url })
      onTestFinished(() => storage.close())
      await expect(storage.read('captured', (tx) => tx.getSpace())).rejects.toMatchObject(refusal)
      await expect(migratePostgres({ url: database.ownerUrl })).rejects.toMatchObject(refusal)
      expect(await readAll(database)).toEqual(before)
    },
  )
})
