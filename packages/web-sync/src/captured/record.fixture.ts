import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { PROTOCOL_VERSION } from 'web-sync-protocol'
import { expect, onTestFinished, test } from 'vitest'
import { postgresStorage, migratePostgres } from '../../../web-sync-server/src/storage/postgres/index.ts'
import { sqliteStorage } from '../../../web-sync-server/src/storage/sqlite/index.ts'
import { startCluster } from '../../../web-sync-server/src/testing/node/index.ts'
import { findBinaries } from '../../../web-sync-server/src/testing/node/postgres-tools.ts'
import { dumpDevice } from './device-dump.fixture.ts'
import { live } from './life.fixture.ts'

const FOLDER = fileURLToPath(new URL('../../captured/', import.meta.url))

/** Records what the code of today writes: `pnpm capture`, after a number of a layout or of the protocol was raised. */
test('messages, a device and a SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'web-sync-captured-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'partner.db')
  const { world, messages } = await live(sqliteStorage(path))
  const device = await dumpDevice()
  await world.close()
  expect(JSON.parse(JSON.stringify(device))).toEqual(device)
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, `messages-${PROTOCOL_VERSION}.json`), toText(messages))
  const version = Math.max(...device.map((one) => one.version))
  writeFileSync(join(FOLDER, `device-${version}.json`), toText(device))
  const dump = dumpSqlite(path)
  writeFileSync(join(FOLDER, `sqlite-${dump.version}.sql`), dump.sql)
})

test('a PostgreSQL database', async () => {
  const cluster = await startCluster()
  onTestFinished(() => cluster.stop())
  for (const role of ['web_sync_owner', 'web_sync_app']) await cluster.execute(`CREATE ROLE ${role} LOGIN`)
  await cluster.execute('CREATE DATABASE captured OWNER web_sync_owner')
  const ownerUrl = cluster.url('web_sync_owner', 'captured')
  const { version } = await migratePostgres({ url: ownerUrl, runtimeRole: 'web_sync_app' })
  const { world } = await live(postgresStorage({ url: cluster.url('web_sync_app', 'captured') }))
  await world.close()
  const pgDump = join(await findBinaries(), 'pg_dump')
  const sql = execFileSync(pgDump, ['--inserts', '--no-owner', '--no-comments', ownerUrl], { encoding: 'utf8' })
  expect(sql).toContain('CREATE TABLE web_sync.records')
  // Comments, and what only psql understands.
  const lines = sql.split('\n').filter((line) => line !== '' && !/^(--|\\)/.test(line))
  writeFileSync(join(FOLDER, `postgres-${version}.sql`), `${lines.join('\n')}\n`)
})

function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** The statements that make the file again. */
function dumpSqlite(path: string): { readonly version: number; readonly sql: string } {
  const database = new DatabaseSync(path, { readOnly: true })
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
  const version = pragma('user_version')
  const lines = [`PRAGMA application_id = ${pragma('application_id')};`, `PRAGMA user_version = ${version};`]
  const schema = database.prepare('SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL').all()
  for (const { type, name, sql } of schema) {
    lines.push(`${String(sql)};`)
    if (type !== 'table') continue
    for (const row of database.prepare(`SELECT * FROM ${String(name)}`).all()) {
      lines.push(`INSERT INTO ${String(name)} VALUES (${Object.values(row).map(toLiteral).join(', ')});`)
    }
  }
  database.close()
  return { version, sql: `${lines.join('\n')}\n` }
}

function toLiteral(value: SQLOutputValue): string {
  if (value === null) return 'NULL'
  if (value instanceof Uint8Array) throw new Error('our tables have no bytes')
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
}
