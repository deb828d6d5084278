import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/**
 * The migrations in order; the version of the tables is their number. One is never changed once it was published. One whose name ends in
 * `.additive.sql` leaves everything as it is for programs that do not know it (it adds an index, a table, or a column that has a default):
 * they go on working, so that an upgrade can be rolled out process by process.
 */
const NAMES = [
  '0001-tables.sql',
  '0002-walls.sql',
  '0003-seen.sql',
  '0004-forgotten.sql',
  '0005-partner.sql',
  '0006-prior-mutations.sql',
] as const

/** Version of the tables that this program works with. */
export const SCHEMA_VERSION: number = NAMES.length

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
  return NAMES.map((name, index) => {
    const sql = readFileSync(new URL(`../../../migrations/postgres/${name}`, import.meta.url), 'utf8')
    return { version: index + 1, name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
  })
}
