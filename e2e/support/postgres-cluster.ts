import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { migratePostgres } from 'web-sync-server/postgres'
import { startCluster } from 'web-sync-server/testing/node'

const execute = promisify(execFile)

/** Variable that names the run's cluster to the tests; set by this set-up, if `E2E_STORAGE` is `postgres`. */
export const CLUSTER_URL = 'E2E_CLUSTER_URL'
/** The role that owns the tables, and migrates them. */
export const OWNER = 'web_sync_owner'
/** The role that the servers under test connect as: it may read and write rows, and make nothing. */
export const RUNTIME = 'web_sync_app'
/** The database that each test's own is a copy of: migrated, and empty. */
export const TEMPLATE = 'web_sync_template'

/** One private server for the whole run, with a migrated template. What the scenarios kill is the partner; this one need not survive. */
async function startOnce(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['E2E_STORAGE'] !== 'postgres') return undefined
  const cluster = await startCluster({ settings: { fsync: 'off' } })
  const statements = [
    `CREATE ROLE ${OWNER} LOGIN`,
    `CREATE ROLE ${RUNTIME} LOGIN`,
    `CREATE DATABASE ${TEMPLATE} OWNER ${OWNER}`,
  ]
  await execute('psql', ['-qX', '-v', 'ON_ERROR_STOP=1', ...statements.flatMap((each) => ['-c', each]), cluster.url()])
  await migratePostgres({ url: cluster.url(OWNER, TEMPLATE), runtimeRole: RUNTIME })
  process.env[CLUSTER_URL] = cluster.url()
  return () => cluster.stop()
}

// Playwright calls a set-up by its default export.
export default startOnce
