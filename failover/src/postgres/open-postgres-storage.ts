import type { PartnerStorage } from 'sync-server'
import type { Cluster } from './cluster.ts'

/** Makes the partner's database in a new cluster. */
export async function prepareDatabase(cluster: Cluster): Promise<void> {
  await cluster.query('CREATE DATABASE partner')
}

/** Opens the partner's storage on whatever answers at a port. */
export async function openPostgresStorage(port: number): Promise<PartnerStorage> {
  throw new Error(`PostgreSQL is not there yet (port ${port})`)
}
