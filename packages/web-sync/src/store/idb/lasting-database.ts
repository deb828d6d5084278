import { SyncError, type StorageRecovery } from '../../contract/index.ts'
import type { CarriedNote } from '../carry-over.ts'
import type { OpeningNews } from '../open-rows.ts'
import type { RowDatabase, RowReader, RowWriter } from '../row-database.ts'
import { closedError, REMOVED } from '../runner.ts'
import { NO_ROWS } from '../sync-row.ts'
import { deleteDatabase, hasList } from './door.ts'
import { listIncarnations, nameIncarnation } from './incarnations.ts'
import { type IdbDatabase, type IdbDatabaseOptions, openIdbDatabase } from './idb-database.ts'
import { isBroken, isFull, isUnexplainedAbort, NO_ANSWER } from './idb-errors.ts'
import { inTime, startPlatformTimer } from './in-time.ts'
import { FormerError } from './take-former.ts'

/** A database that was replaced, or that is of a former address of the partner. */
interface OlderDatabase {
  readonly name: string
  /** Its incarnation; at most the one that takes it over. */
  readonly age: number
  readonly isFormer: boolean
}

/** How what was written to replaced databases comes into the one in use. */
interface CarryOver {
  /** Brings what can be read of one; true: it can be deleted. May wait for ever. */
  readonly carry: (old: OlderDatabase, database: RowDatabase) => Promise<boolean>
  readonly note: (database: RowDatabase, note: CarriedNote) => Promise<void>
}

/** How a database is kept usable. */
export interface LastingOptions extends IdbDatabaseOptions {
  /** Names of databases of former addresses: what they hold is taken over. Default: none. */
  readonly formerNames?: readonly string[]
  readonly nowMs: () => number
  /** Makes the rows usable each time that a database was opened, or throws. */
  readonly prepare: (database: RowDatabase, news: OpeningNews) => Promise<void>
  readonly carryOver: CarryOver
  /** Called after the database was opened again: it may be another one, or empty. */
  readonly onReopened: () => void
}

/** Failures in a row after which the database is given up. */
const MOST_FAILURES = 3
/** Databases that one context makes in its life: where a third one breaks, it is not the database. */
const MOST_REPLACEMENTS = 2
/** Before the second attempt to open: a storage process that has died (iOS) is started again. */
const PAUSE_MS = 500
/** For so long one who was moved waits for what the old database had; after that it comes when it comes. */
const CARRY_OVER_MS = 3_000

interface Opened {
  readonly database: IdbDatabase
  readonly incarnation: number
  /** Older databases have been looked at. */
  readonly carried: Promise<void>
}

/**
 * Opens the newest incarnation of a database and keeps it usable: a connection that was lost is opened again and the work repeated; a
 * database that fails {@link MOST_FAILURES} times in a row is left behind for a new one beside it, `name.2`, `name.3` …
 *
 * All contexts agree on which one is in use without a word, for the browser's list of databases is the pointer: the highest incarnation.
 * Two that replace at once make the same one. The old one is fenced by a mark in its first row, in a transaction of its own, before its
 * outbox is read: whoever still writes there finds the mark and follows; see carry-over.ts. Errors: as of {@link openIdbDatabase}.
 */
export async function openLastingDatabase(options: LastingOptions): Promise<RowDatabase> {
  const database = new LastingDatabase(options)
  await database.open()
  return database
}

class LastingDatabase implements RowDatabase {
  readonly #options: LastingOptions
  /** null: to be opened by the next use. */
  #opened: Promise<Opened> | null = null
  #failures = 0
  #replacements = 0
  #hadRows = false
  #isClosed = false
  #isRemoved = false

  constructor(options: LastingOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    await this.#use(() => Promise.resolve())
  }

  read<T>(work: (tx: RowReader) => Promise<T>): Promise<T> {
    return this.#use((database) => database.read(work))
  }

  write<T>(durability: 'strict' | 'relaxed', work: (tx: RowWriter) => Promise<T>, onComplete?: () => void): Promise<T> {
    return this.#use(async (database) => {
      const result = await database.write(durability, work, onComplete)
      this.#failures = 0
      return result
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const opened = await this.#opened?.catch(() => null)
    await opened?.database.close()
  }

  /** Does work on the database; if that is broken it is mended, by the first who notices, and the work done again. */
  async #use<T>(work: (database: IdbDatabase) => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      if (this.#isRemoved) this.#end()
      if (this.#isClosed) throw closedError()
      const opened = (this.#opened ??= this.#reopen(null, null, failures))
      const { database } = await opened
      try {
        return await work(database)
      } catch (error) {
        if (this.#isClosed || !(database.isDeleted || isBroken(error))) throw error
        if (this.#opened === opened) this.#opened = this.#reopen(await opened, error, failures)
      }
    }
  }

  async #reopen(from: Opened | null, cause: unknown, failures: number): Promise<Opened> {
    // Firefox aborts so when a device is full, and then it opens nothing; what is open can be read all the while.
    const kept = from !== null && !from.database.isDeleted && isUnexplainedAbort(cause) ? from : null
    try {
      if (kept === null) from?.database.drop()
      const opened = await this.#openAgain(from, cause, failures)
      from?.database.drop()
      if (this.#isClosed) opened.database.drop()
      if (from !== null) {
        await inTime(opened.carried, CARRY_OVER_MS, this.#options.startTimer ?? startPlatformTimer)
        this.#options.onReopened()
      }
      return opened
    } catch (error) {
      this.#opened = null
      if (kept !== null && isFull(error)) {
        this.#opened = Promise.resolve(kept)
        this.#failures = 0
      } else {
        from?.database.drop()
      }
      throw error
    }
  }

  async #openAgain(from: Opened | null, cause: unknown, failures: number): Promise<Opened> {
    let incarnation = from?.incarnation ?? 1
    // One that was deleted did not fail.
    let isDeleted = from?.database.isDeleted ?? false
    for (let failure = cause; ;) {
      const incarnations = await listIncarnations(this.#options.name, this.#options.startTimer)
      const newest = incarnations.at(-1) ?? (await this.#firstIncarnation())
      const isMoved = newest > incarnation
      if (isDeleted && !isMoved) this.#end()
      if (!isDeleted && failure !== null) this.#failures += 1
      isDeleted = false
      const isGivenUp = Math.max(this.#failures, from === null ? 0 : failures) >= MOST_FAILURES
      if (isGivenUp && !isMoved) return await this.#replace(incarnation, failure)
      if (this.#failures > 1) await this.#pause(PAUSE_MS)
      try {
        incarnation = newest
        const isThere = incarnations.includes(newest)
        return await this.#openAt(newest, null, { isThere, isEmptied: !isMoved && isMissingRows(failure) })
      } catch (error) {
        if (error instanceof SyncError && error.code === 'closed') this.#end()
        if (error instanceof FormerError) return await this.#replace(incarnation, error.cause)
        if (!isBroken(error)) throw error
        failure = error
      }
    }
  }

  /** As of the store that is taken over, so that the older ones beside it stay the older ones. */
  async #firstIncarnation(): Promise<number> {
    const { formerNames = [], startTimer } = this.#options
    for (const name of formerNames) {
      const newest = (await listIncarnations(name, startTimer)).at(-1)
      if (newest !== undefined) return newest
    }
    return 1
  }

  /** Wiped or emptied by another context. */
  #end(): never {
    this.#isClosed = true
    this.#isRemoved = true
    throw closedError(REMOVED)
  }

  async #replace(incarnation: number, failure: unknown): Promise<Opened> {
    if (this.#replacements >= MOST_REPLACEMENTS || !hasList()) throw toError(failure)
    this.#replacements += 1
    const recovery = describe(failure, this.#options.nowMs())
    const opened = await this.#openAt(incarnation + 1, recovery, { isThere: false, isEmptied: false })
    this.#failures = 0
    return opened
  }

  async #openAt(
    incarnation: number,
    recovery: StorageRecovery | null,
    { isThere, isEmptied }: { readonly isThere: boolean; readonly isEmptied: boolean },
  ): Promise<Opened> {
    const { name, nowMs, prepare } = this.#options
    // One that was emptied is being removed: where it is gone meanwhile, nothing is to be made in its place.
    const incarnationName = nameIncarnation(name, incarnation)
    const database = await openIdbDatabase({ ...this.#options, name: incarnationName, mustExist: isEmptied, isThere })
    try {
      // One that others have just made has no rows yet, and is no evicted one.
      const isEvicted = this.#hadRows && incarnation === 1
      await prepare(database, { age: incarnation, evictedAtMs: isEvicted ? nowMs() : null, recovery, isEmptied })
    } catch (error) {
      database.drop()
      throw error
    }
    this.#hadRows = true
    return { database, incarnation, carried: this.#carryOver(database, incarnation) }
  }

  /** Never rejects: what cannot be done now is for the next start. The newest first: it knows what it has taken of the older ones. */
  async #carryOver(database: RowDatabase, incarnation: number): Promise<void> {
    if (incarnation === 1 && (this.#options.formerNames ?? []).length === 0) return
    try {
      const { carry, note } = this.#options.carryOver
      const unread: string[] = []
      const done: string[] = []
      for (const older of (await this.#listOlder(incarnation)).toReversed()) {
        const isRead = await carry(older, database).catch(() => false)
        ;(isRead ? done : unread).push(older.name)
      }
      // One that is gone meanwhile was read by another context.
      const left = await this.#listOlder(incarnation)
      const isRead = !left.some(({ name }) => unread.includes(name))
      const notify = async (older: readonly OlderDatabase[]): Promise<void> =>
        note(database, { isRead, left: older.map(({ name }) => name) })
      await notify(left)
      await Promise.allSettled(done.map((name) => deleteDatabase(name, this.#options.startTimer)))
      await notify(await this.#listOlder(incarnation))
    } catch {
      // It is still there, and so is what it holds.
    }
  }

  /** Oldest first. */
  async #listOlder(incarnation: number): Promise<OlderDatabase[]> {
    const { name, formerNames = [], startTimer } = this.#options
    const older: OlderDatabase[] = []
    for (const former of [...formerNames.toReversed(), name]) {
      const isFormer = former !== name
      for (const one of await listIncarnations(former, startTimer)) {
        const age = isFormer ? Math.min(one, incarnation) : one
        if (isFormer || one < incarnation) older.push({ name: nameIncarnation(former, one), age, isFormer })
      }
    }
    return older
  }

  #pause(ms: number): Promise<void> {
    const { startTimer = startPlatformTimer } = this.#options
    return new Promise((resolve) => void startTimer(ms, resolve))
  }
}

function isMissingRows(failure: unknown): boolean {
  return failure instanceof SyncError && failure.cause === NO_ROWS
}

function toError(failure: unknown): unknown {
  if (failure instanceof SyncError) return failure
  return new SyncError('storage-failed', 'The store’s data is damaged: reload the page.', { cause: failure })
}

function describe(failure: unknown, atMs: number): StorageRecovery {
  const cause: unknown = failure instanceof SyncError ? failure.cause : failure
  const type = cause === NO_ANSWER ? 'no-answer' : cause instanceof DOMException ? 'error' : 'damaged'
  return {
    atMs,
    cause: type,
    message: String(cause ?? failure),
    saved: 0,
    unreadable: null,
    isRead: false,
    isOldKept: true,
  }
}
