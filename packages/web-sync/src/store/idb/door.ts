import { deleteDB, type IDBPDatabase, openDB } from 'idb'
import { SyncError } from '../../contract/index.ts'
import { closedError } from '../runner.ts'
import { blockedError, forbiddenError, noAnswerError, olderLayoutError, toSyncError } from './idb-errors.ts'
import { inTime, type StartTimer, startPlatformTimer } from './in-time.ts'
import { NewLog } from './new-log.ts'

/** The default time after which the browser's database counts as silent, in milliseconds. */
export const WATCHDOG_MS = 10_000
/** How long other contexts may take to close a database before it is deleted. An awake context needs some milliseconds. */
const LETTING_GO_MS = 3_000
/** How long the browser may take to list its databases, and how often it is asked. An answer takes some milliseconds. */
const LIST_MS = 1_000
const MOST_ASKS = 3

/** How long the browser is waited for. */
export interface DoorPatience {
  /** Default {@link WATCHDOG_MS}. */
  readonly watchdogMs?: number | undefined
  /** Default: the platform's. */
  readonly startTimer?: StartTimer | undefined
}

/** How a database is opened. */
export interface DoorOptions extends DoorPatience {
  /** Number of its layout; another one is refused, and nothing of it is changed. Default: whatever it has. */
  readonly version?: number | undefined
  /** Makes the tables of a new database. Default: where there is none, none is made, and opening rejects with 'closed'. */
  readonly make?: ((db: IDBPDatabase) => void) | undefined
  /** Another context deletes the database (null) or opens a later layout. The connection is closed by itself. */
  readonly onVersionChange?: ((version: number | null) => void) | undefined
  /** The browser has closed the connection. */
  readonly onTerminated?: (() => void) | undefined
}

/** An open database. It may be read now, and written after `log.begin()`. */
export interface ReadableDatabase {
  readonly db: IDBPDatabase
  readonly log: NewLog
}

/**
 * Opens a database that may be written immediately. This file is the only one of web-sync that opens or deletes databases, so
 * every writer comes through here, after the origin's log was restarted (see {@link NewLog}).
 *
 * Errors: closed (there is none, and none is made), storage-blocked, storage-failed, storage-forbidden, newer-schema, older-layout,
 * quota-exceeded. Waits for {@link DoorPatience} at most.
 */
export async function openToWrite(name: string, options: DoorOptions = {}): Promise<IDBPDatabase> {
  const { db, log } = await openToRead(name, options, false)
  await log.begin()
  return db
}

/**
 * As {@link openToWrite}, but for a database that is known to be there (`isThere`) the log is begun beside the opening, and whoever
 * opens it must not write before `log.isBegun`: so a device whose log cannot be begun anew shows what it has.
 */
export async function openToRead(name: string, options: DoorOptions, isThere: boolean): Promise<ReadableDatabase> {
  getFactory()
  const log = new NewLog(makeAndDelete, options.startTimer ?? startPlatformTimer)
  // To make a database is to write.
  if (!isThere) await log.begin()
  else log.begin().catch(nothing)
  return { db: await open(name, options, log), log }
}

/**
 * Deletes a database; resolves when it is gone. A context that has it open and is frozen is waited for {@link LETTING_GO_MS}, then the
 * browser deletes it by itself when that context is gone. Errors: storage-blocked, storage-failed, storage-forbidden.
 */
export async function deleteDatabase(name: string, startTimer: StartTimer = startPlatformTimer): Promise<void> {
  let isBlocked = false
  const onBlocked = (): void => {
    isBlocked = true
  }
  const deleting = attempt(async () => {
    await deleteDB(name, { blocked: onBlocked })
    return true
  })
  const isGone = await inTime(deleting, LETTING_GO_MS, startTimer)
  if (isGone === null) throw isBlocked ? blockedError() : noAnswerError()
}

/** The order of two keys: below 0, 0, or above. */
export function compareKeys(a: IDBValidKey, b: IDBValidKey): number {
  return getFactory().cmp(a, b)
}

/** False: the browser does not list databases (Firefox before 126). Errors: storage-forbidden. */
export function hasList(): boolean {
  return typeof (getFactory() as Partial<IDBFactory>).databases === 'function'
}

/** The browser's databases. Errors: storage-forbidden, where there are none (a WebView with its databases off) or none may be asked for. */
function getFactory(): IDBFactory {
  let factory: IDBFactory | null | undefined
  try {
    factory = (globalThis as { readonly indexedDB?: IDBFactory | null }).indexedDB
  } catch (error) {
    throw toSyncError(error)
  }
  if (factory === null || factory === undefined) throw forbiddenError('no indexedDB')
  return factory
}

/**
 * Names of the databases that the browser has; null: it does not list them, which says nothing of what is there. Rejects with the
 * browser's own error, with storage-failed if it does not answer, with storage-forbidden if nothing may be stored.
 */
export async function listDatabases(startTimer: StartTimer = startPlatformTimer): Promise<readonly string[] | null> {
  if (!hasList()) return null
  // Chromium 156 never answers a question that comes in the moment in which it evicts the origin, in one of ten tries; the next one it answers.
  for (let ask = 1; ask <= MOST_ASKS; ask += 1) {
    const list = await inTime(getFactory().databases(), LIST_MS, startTimer)
    // Firefox lists, after its next start, what was begun and given up: with version 0.
    if (list !== null) return list.flatMap(({ name, version = 0 }) => (version > 0 && name !== undefined ? [name] : []))
  }
  throw noAnswerError()
}

/** Whether there is a database, found without the browser's list: `unreadable` is there, or nobody knows. Makes none. */
export async function probe(name: string, patience: DoorPatience = {}): Promise<'there' | 'missing' | 'unreadable'> {
  try {
    const { db } = await openToRead(name, patience, false)
    db.close()
    return 'there'
  } catch (error) {
    return error instanceof SyncError && error.code === 'closed' ? 'missing' : 'unreadable'
  }
}

async function open(name: string, options: DoorOptions, log: NewLog): Promise<IDBPDatabase> {
  const { watchdogMs = WATCHDOG_MS, startTimer = startPlatformTimer, version, make } = options
  let refusal: SyncError | null = null
  let isBlocked = false
  const opening = attempt(() =>
    openDB(name, version, {
      upgrade(db, before, _now, tx) {
        // Opening fails with it, and says why.
        tx.done.catch(nothing)
        if (before > 0) refusal = olderLayoutError()
        // A database that is made all the same would be a new one's: without its owner's data, and without a word.
        else if (make === undefined) refusal = closedError()
        // It was there a moment ago: the caller looks again.
        else if (!log.isBegun) refusal = noAnswerError()
        else make(db)
        // An upgrade that is aborted leaves everything as it was.
        if (refusal !== null) tx.abort()
      },
      blocking(_from, to, event) {
        ;(event.target as IDBDatabase).close()
        options.onVersionChange?.(to)
      },
      blocked() {
        isBlocked = true
      },
      terminated: () => options.onTerminated?.(),
    }),
  )
  try {
    const db = await inTime(opening, watchdogMs, startTimer)
    if (db === null) throw isBlocked ? blockedError() : noAnswerError()
    return db
  } catch (error) {
    // One that opens after all must not stand in the way of others.
    opening.then((db) => db.close()).catch(nothing)
    throw (refusal as SyncError | null) ?? toSyncError(error)
  }
}

/** Past the door: what is made here holds nothing, and is what makes the door. */
async function makeAndDelete(name: string): Promise<void> {
  const spare = await attempt(() =>
    openDB(name, undefined, { blocking: (_from, _to, event) => (event.target as IDBDatabase).close() }),
  )
  spare.close()
  await deleteDB(name)
}

/** Rejects, and never throws: some browsers do where storage is forbidden. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  return work()
}

function nothing(): void {
  // Somebody else hears of it.
}
