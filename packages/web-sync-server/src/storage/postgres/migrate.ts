import { Client } from 'pg'
import { PartnerError } from '../../contract/index.ts'
import { assertConnectionString, assertReadable } from './connections.ts'
import { LAYOUT_VERSION, type Migration, readMigrations } from './migration-files.ts'
import { behind, toPartnerError } from './to-partner-error.ts'

/** What is migrated, and for whom. */
export interface MigrateOptions {
  /** Connection string of the role that owns the tables; it may create a schema in the database. */
  readonly url: string
  /** The role that the partner runs as: it exists already and is given what it needs, no DDL. Default: no role is given anything. */
  readonly runtimeRole?: string
}

/** What was done. */
export interface MigrateResult {
  /** Names of the migrations that were run now; none: the tables were of this version already. */
  readonly applied: readonly string[]
  readonly version: number
}

/** Two programs that migrate at the same time wait for each other here; the number has no meaning. */
const LOCK = 7_323_918_001

/**
 * Brings a database to this program's version: all or nothing, in one transaction, one program at a time. Can be run again. Throws
 * PartnerError 'newer-schema', 'older-layout', 'unreadable' if a migration was changed after it was run, 'behind' on a standby, or 'busy'.
 */
export async function migratePostgres({ url, runtimeRole }: MigrateOptions): Promise<MigrateResult> {
  const migrations = readMigrations()
  assertConnectionString(url)
  const client = new Client({ connectionString: url, application_name: 'web-sync-server migrate' })
  client.on('error', () => undefined)
  try {
    await client.connect()
    if ((await client.query('SELECT pg_is_in_recovery() AS is_behind')).rows[0]?.['is_behind'] !== false) throw behind()
    await client.query('BEGIN')
    const applied = await applyMissing(client, migrations)
    if (runtimeRole !== undefined) await client.query('SELECT web_sync.grant_runtime($1)', [runtimeRole])
    await client.query('COMMIT')
    return { applied, version: LAYOUT_VERSION }
  } catch (error) {
    throw toPartnerError(error)
  } finally {
    // The server rolls back what was not committed.
    await client.end().catch(() => undefined)
  }
}

async function applyMissing(client: Client, migrations: readonly Migration[]): Promise<readonly string[]> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
  await client.query('CREATE SCHEMA IF NOT EXISTS web_sync')
  await client.query(`CREATE TABLE IF NOT EXISTS web_sync.migrations (
    version integer NOT NULL PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, at timestamptz NOT NULL DEFAULT now())`)
  const { rows } = await client.query<{ version: number; sha256: string }>(
    'SELECT version, sha256 FROM web_sync.migrations ORDER BY version',
  )
  assertReadable(rows.at(-1)?.version ?? 0)
  const hashByVersion = new Map(rows.map(({ version, sha256 }) => [version, sha256]))
  const applied: string[] = []
  for (const migration of migrations) {
    const hash = hashByVersion.get(migration.version)
    if (hash === undefined) {
      await apply(client, migration)
      applied.push(migration.name)
    } else if (hash !== migration.sha256) {
      const message = `${migration.name} is not what was run on this database: install the version that belongs to it`
      throw new PartnerError('unreadable', message)
    }
  }
  return applied
}

async function apply(client: Client, { version, name, sql, sha256 }: Migration): Promise<void> {
  await client.query(sql)
  const noted = 'INSERT INTO web_sync.migrations (version, name, sha256) VALUES ($1, $2, $3)'
  await client.query(noted, [version, name, sha256])
}
