import type { PartnerStorage } from 'web-sync-server'
import { type ConfirmedBackup, confirmedBackup, migratePostgres, postgresStorage } from 'web-sync-server/postgres'
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
  // To see how far standbys are.
  await cluster.query(`GRANT pg_read_all_stats TO ${RUNTIME}`)
  await cluster.query(`CREATE DATABASE ${DATABASE} OWNER ${OWNER}`)
  await migratePostgres({ url: toUrl(OWNER, cluster.port), runtimeRole: RUNTIME })
}

/** What must have a write before the partner calls it durable. */
export interface DurableBy {
  /** Names of all clusters that may be the primary. */
  readonly standbys: readonly string[]
  readonly needsBackup: boolean
}

const NOBODY: DurableBy = { standbys: [], needsBackup: false }

/** Opens the partner's storage on whatever answers at a port. */
export async function openPostgresStorage(port: number, durableBy: DurableBy = NOBODY): Promise<PartnerStorage> {
  return postgresStorage({ url: partnerUrl(port), waitMs: WAIT_MS, ...durableBy })
}

/** Takes a backup of the cluster at a port; what was there before it counts as backed up then. */
export function confirmBackup(port: number, take: () => Promise<void>): Promise<ConfirmedBackup> {
  return confirmedBackup({ url: toUrl(OWNER, port) }, take)
}

/** Connection string of the partner's role. */
export function partnerUrl(port: number): string {
  return toUrl(RUNTIME, port)
}

function toUrl(role: string, port: number): string {
  return `postgres://${role}@127.0.0.1:${port}/${DATABASE}`
}
