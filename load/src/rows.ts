import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Cluster } from '../../failover/src/postgres/cluster.ts'
import type { ServerSettings } from './server/messages.ts'

/** Tables whose rows must not grow with time (log and outcomes: with retention). */
const TABLES = ['records', 'log', 'partnerships', 'checkpoints', 'requests', 'outcomes'] as const

/** Where rows are counted; `cluster` is null on SQLite. */
export interface CountedDatabase {
  readonly settings: ServerSettings
  readonly cluster: Cluster | null
}

/** Rows by table, and the size of the database. */
export type RowCounts = Readonly<Record<string, number>>

/** Counts rows from outside, so that the server does not wait for it. */
export async function countRows({ settings, cluster }: CountedDatabase): Promise<RowCounts> {
  return cluster === null ? countSqlite(settings.data) : countPostgres(cluster)
}

/** As a superuser, whom row-level security does not bind. */
async function countPostgres(cluster: Cluster): Promise<RowCounts> {
  const counts = TABLES.map((table) => `(SELECT count(*) FROM web_sync.${table})`)
  const size = 'pg_database_size(current_database()) / 1048576'
  const numbers = (await cluster.query(`SELECT ${[...counts, size].join(', ')}`, 'partner')).split('|').map(Number)
  return Object.fromEntries([...TABLES, 'MiB'].map((name, index) => [name, numbers[index] ?? 0]))
}

function countSqlite(path: string): RowCounts {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const counts = TABLES.map((table): [string, number] => [
      table,
      Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']),
    ])
    return { ...Object.fromEntries(counts), MiB: Math.round(statSync(path).size / 1_048_576) }
  } finally {
    database.close()
  }
}
