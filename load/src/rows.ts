import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { ServerSettings } from './server/messages.ts'

/** Tables whose rows must not grow with time (log and outcomes: with retention). */
const TABLES = ['records', 'log', 'partnerships', 'checkpoints', 'requests', 'outcomes'] as const

/** Rows by table, and the size of the database. */
export type RowCounts = Readonly<Record<string, number>>

/** Counts rows from outside, so that the server does not wait for it. */
export async function countRows({ storage, data }: ServerSettings): Promise<RowCounts> {
  switch (storage) {
    case 'sqlite':
      return countSqlite(data)
    case 'postgres':
      throw new Error('PostgreSQL is not there yet')
  }
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
