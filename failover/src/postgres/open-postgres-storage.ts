import type { PartnerStorage } from 'sync-server'
import { migratePostgres, postgresStorage } from 'sync-server/postgres'
import type { Cluster } from './cluster.ts'

const DATABASE = 'partner'
const OWNER = 'web_sync_owner'
/** No DDL, no superuser, bound by row-level security: as the product is run. */
const RUNTIME = 'web_sync_app'
/** How long a transaction waits for a database that may be dying. */
const WAIT_MS = 2_000

/** Makes the partner's roles, database and tables in a new cluster. */
export async function prepareDatabase(cluster: Cluster): Promise<void> {
  for (const role of [OWNER, RUNTIME]) await cluster.query(`CREATE ROLE ${role} LOGIN`)
  await cluster.query(`CREATE DATABASE ${DATABASE} OWNER ${OWNER}`)
  await migratePostgres({ url: toUrl(OWNER, cluster.port), runtimeRole: RUNTIME })
}

/** Opens the partner's storage on whatever answers at a port. */
export async function openPostgresStorage(port: number): Promise<PartnerStorage> {
  return postgresStorage({ url: partnerUrl(port), waitMs: WAIT_MS })
}

/** Connection string of the partner's role. */
export function partnerUrl(port: number): string {
  return toUrl(RUNTIME, port)
}

function toUrl(role: string, port: number): string {
  return `postgres://${role}@127.0.0.1:${port}/${DATABASE}`
}
