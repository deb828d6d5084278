import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/**
 * The migrations in order; the version of the tables is the number in the last one's name. One is never changed once it was published. One
 * whose name ends in `.additive.sql` leaves everything as it is for programs that do not know it (it adds an index, a table, or a column
 * that has a default): they go on working, so that an upgrade can be rolled out process by process.
 */
const NAMES = ['0007-tables.sql', '0008-walls.sql'] as const

/** Version of the tables that this program works with. */
export const LAYOUT_VERSION: number = versionOf(NAMES.at(-1) ?? '')

/** Tables of an earlier version are not read: they were never published, and no migration leads from them (decision 0029). */
export const FIRST_VERSION: number = versionOf(NAMES[0])

/** A migration as it lies in the package: plain SQL, to be read by whoever runs the database. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly sql: string
  /** Of the file, so that one that was changed after it was run is noticed. */
  readonly sha256: string
}

/** Reads all migrations. */
export function readMigrations(): readonly Migration[] {
  return NAMES.map((name) => {
    const sql = readFileSync(new URL(`../../../migrations/postgres/${name}`, import.meta.url), 'utf8')
    return { version: versionOf(name), name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
  })
}

function versionOf(name: string): number {
  return Number.parseInt(name, 10)
}
