import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import type { PartnerStorage } from '../index.ts'
import { migratePostgres, type PostgresOptions, postgresStorage } from '../storage/postgres/index.ts'
import { type Cluster, startCluster } from './node/index.ts'

/** A database of its own with our tables, and who may use it. */
export interface TestDatabase {
  readonly name: string
  readonly ownerUrl: string
  /** Of the runtime role. */
  readonly url: string
  readonly adminUrl: string
}

/** The server that a test file's tests share, each with a database of its own. */
export interface TestServer {
  cluster(): Cluster
  database(): Promise<TestDatabase>
  storage(options?: Partial<PostgresOptions>): Promise<PartnerStorage>
}

/** The role that partners connect as: it may read and write rows, and make nothing. */
export const RUNTIME = 'web_sync_app'
const OWNER = 'web_sync_owner'
const TEMPLATE = 'web_sync_template'

/** Starts a server before the tests of this file and stops it after them. */
export function withPostgres(): TestServer {
  let started: Cluster | null = null
  const cluster = (): Cluster => {
    if (started === null) throw new Error('the server runs only while tests do')
    return started
  }
  const database = async (): Promise<TestDatabase> => {
    const name = `test_${randomUUID().replaceAll('-', '')}`
    await sql(cluster().url(), `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} OWNER ${OWNER}`)
    return databaseOf(cluster(), name)
  }
  beforeAll(async () => {
    // What the tests count must come from them alone.
    started = await startCluster({ settings: { autovacuum: 'off' } })
    await prepareRoles(started)
    await sql(started.url(), `CREATE DATABASE ${TEMPLATE} OWNER ${OWNER}`)
    await migratePostgres({ url: started.url(OWNER, TEMPLATE), runtimeRole: RUNTIME })
  })
  afterAll(() => started?.stop())
  return {
    cluster,
    database,
    storage: async (options = {}) => postgresStorage({ url: (await database()).url, ...options }),
  }
}

/** The two roles, neither of which is a superuser. */
async function prepareRoles(cluster: Cluster): Promise<void> {
  await sql(cluster.url(), `CREATE ROLE ${OWNER} LOGIN`)
  await sql(cluster.url(), `CREATE ROLE ${RUNTIME} LOGIN`)
}

/** A database on this server, or on a copy of it. */
export function databaseOf(cluster: Cluster, name: string): TestDatabase {
  return {
    name,
    ownerUrl: cluster.url(OWNER, name),
    url: cluster.url(RUNTIME, name),
    adminUrl: cluster.url('postgres', name),
  }
}

/** Runs statements on a connection of their own and returns the last one's rows. */
export async function sql(url: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) rows = (await client.query<Record<string, unknown>>(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}
