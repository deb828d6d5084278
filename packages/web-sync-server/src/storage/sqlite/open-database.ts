import { DatabaseSync } from 'node:sqlite'
import { PartnerError } from '../../contract/index.ts'
import { hasLayout, makeLayout } from './layout.ts'

/** Milliseconds that a statement waits for another process to let go of the file. */
const BUSY_TIMEOUT_MS = 5_000

/** How a connection is set up (https://sqlite.org/pragma.html). */
const PRAGMAS: readonly string[] = [
  // Readers of other processes never wait.
  'journal_mode = WAL',
  // A commit that was answered survives a power cut; NORMAL may lose the last ones.
  'synchronous = FULL',
  'trusted_schema = OFF',
  // Savepoints keep the pages that they would bring back in memory, not in a file of their own.
  'temp_store = MEMORY',
  // KiB of pages, so that an ask of 1,000 mutations fits: with the 2,000 of the default its pages are written before the commit, too.
  'cache_size = -16000',
  // Pages of 4 KiB in the log before a commit copies them into the file: not after each such ask.
  'wal_autocheckpoint = 4000',
]

/** Opens (or makes) a database of ours. */
export function openDatabase(path: string): DatabaseSync {
  return withOurErrors(path, () => {
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    try {
      const isMade = hasLayout(database, path)
      for (const pragma of PRAGMAS) database.exec(`PRAGMA ${pragma}`)
      if (!isMade) makeLayout(database, path)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  })
}

/** Runs database work; what the platform throws becomes an error that says what to do. */
export function withOurErrors<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw toPartnerError(path, error)
  }
}

/** SQLite's result codes: https://sqlite.org/rescode.html */
const BUSY = 5
const LOCKED = 6
const CORRUPT = 11
const FULL = 13
const CANNOT_OPEN = 14
const NOT_A_DATABASE = 26

/** What the platform throws, as an error of ours where it is one that must be expected; anything else as it is. */
export function toPartnerError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error
  const code = error.errcode & 0xff
  if (code === BUSY || code === LOCKED) {
    return new PartnerError('busy', `${path} is locked by another process: try again`, { cause: error })
  }
  if (code === FULL) return new PartnerError('busy', `there is no room left for ${path}: make room`, { cause: error })
  if (code === NOT_A_DATABASE || code === CORRUPT) {
    const message = `${path} is not a database, or is damaged: restore a backup beside it`
    return new PartnerError('unreadable', message, { cause: error })
  }
  if (code === CANNOT_OPEN) {
    return new PartnerError('unreadable', `${path} cannot be opened: is it there, and may it be read?`, {
      cause: error,
    })
  }
  return error
}
