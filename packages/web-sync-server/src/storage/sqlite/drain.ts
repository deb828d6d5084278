import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { MOVED_TABLES, type MovedTable, type MovedValue, type MoveSource, PartnerError } from '../../contract/index.ts'
import { DRAINED_ID, OPEN_ID } from './layout.ts'
import { openDatabase, withOurErrors } from './open-database.ts'

/** A file that takes no writes, whoever has it open, until it is opened again: its content can be moved. */
export interface DrainedFile extends MoveSource {
  /** Lets it take writes again: it was not moved after all. */
  reopen(): void
  close(): void
}

/**
 * Ends the writing to a file that a server may have open: with the commit of this mark every later transaction there is refused ('behind':
 * devices are told to come again, and keep what they write). The mark stays when processes end. Throws PartnerError 'unreadable' if there
 * is no such file, 'busy' if another process holds it.
 */
export function drainFile(path: string): DrainedFile {
  const database = openMarked(path, DRAINED_ID)
  return {
    readPartnerId: () => (database.prepare('SELECT id FROM partner').get()?.['id'] as string | undefined) ?? null,
    listSpaces: () => listSpaces(database),
    readRows: (table, space) => readRows(database, table, space),
    reopen: () => withOurErrors(path, () => mark(database, OPEN_ID)),
    close: () => database.close(),
  }
}

/** Lets a drained file take writes again. Only if nobody serves what was moved out of it: there would be two histories. */
export function reopenFile(path: string): void {
  openMarked(path, OPEN_ID).close()
}

/** True if the file is marked as drained; inside a transaction that writes it stays so. */
export function isDrained(database: DatabaseSync): () => boolean {
  const statement = database.prepare('PRAGMA application_id')
  return () => statement.get()?.['application_id'] === DRAINED_ID
}

function openMarked(path: string, id: number): DatabaseSync {
  if (!existsSync(path)) throw new PartnerError('unreadable', `there is no database ${path}`)
  const database = openDatabase(path)
  try {
    withOurErrors(path, () => mark(database, id))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Waits for the transaction that is under way. */
function mark(database: DatabaseSync, id: number): void {
  database.exec(`BEGIN IMMEDIATE; PRAGMA application_id = ${id}; COMMIT`)
}

function listSpaces(database: DatabaseSync): readonly string[] {
  const sql = MOVED_TABLES.map(({ name }) => `SELECT space FROM ${name}`).join(' UNION ')
  return database
    .prepare(`${sql} ORDER BY 1`)
    .all()
    .map((row) => row['space'] as string)
}

function* readRows(database: DatabaseSync, table: MovedTable, space: string): Generator<readonly MovedValue[]> {
  const { name, columns, key } = table
  const order = key.length === 0 ? '' : ` ORDER BY ${key.join(', ')}`
  const names = columns.map(([column]) => column)
  const rows = database.prepare(`SELECT ${names.join(', ')} FROM ${name} WHERE space = ?${order}`).iterate(space)
  for (const row of rows) {
    yield columns.map(([column, type]) =>
      type === 'boolean' ? row[column] === 1 : (row[column] as string | number | null),
    )
  }
}
