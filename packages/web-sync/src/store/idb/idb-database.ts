import { type IDBPDatabase, openDB } from 'idb'
import { createMutex } from '../fifo-mutex.ts'
import type { RowDatabase, RowReader, RowWriter } from '../row-database.ts'
import { KEY_PATHS, STORE_NAMES } from '../rows.ts'
import { closedError } from '../runner.ts'
import { type IdbTransaction, createRowWriter } from './idb-transaction.ts'
import { blockedError, lostError, noAnswerError, olderLayoutError, toSyncError } from './idb-errors.ts'
import { type StartTimer, startPlatformTimer } from './in-time.ts'

/** Number of the layout. A store of another layout is not opened, and nothing of it is changed: `newer-schema`, `older-layout`. */
const LAYOUT_VERSION = 4

/** The default time after which a transaction that makes no progress is given up. */
const WATCHDOG_MS = 10_000

/** How the database reacts to its platform. */
export interface IdbDatabaseOptions {
  readonly name: string
  /** After so many milliseconds without progress a transaction is given up. Default {@link WATCHDOG_MS}. */
  readonly watchdogMs?: number | undefined
  /** Default: the platform's. */
  readonly startTimer?: StartTimer | undefined
  /** True: where there is no such database none is made, and opening rejects with 'closed'. Default: false. */
  readonly mustExist?: boolean | undefined
}

/** One connection to the rows. It does not mend itself; see {@link openLastingDatabase}. */
export interface IdbDatabase extends RowDatabase {
  /** True: another context has deleted the database. */
  readonly isDeleted: boolean
  /** The connection is of no use any more: all that wait for their turn are told so at once (storage-failed). */
  drop(): void
}

/** Opens the rows in IndexedDB. Errors: storage-failed, storage-blocked. */
export async function openIdbDatabase(options: IdbDatabaseOptions): Promise<IdbDatabase> {
  const connection = new Connection(options)
  await connection.open()
  return connection
}

/**
 * One connection. Transactions run one at a time (see {@link createMutex}) and never call `commit()`; what `done` says is the truth,
 * for a full disk aborts a transaction without failing any request.
 */
class Connection implements IdbDatabase {
  readonly #options: IdbDatabaseOptions
  readonly #mutex = createMutex()
  #db: IDBPDatabase | null = null
  #isClosed = false
  isDeleted = false

  constructor(options: IdbDatabaseOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    let isMissing = false
    let isOlder = false
    let isBlocked = false
    const opening = openConnection(this.#options.name, {
      // A database that is made all the same would be a new one's: without its owner's data, and without a word.
      onMissing: (tx) => {
        isMissing = this.#options.mustExist === true
        if (isMissing) abort(tx)
        return isMissing
      },
      // An upgrade that is aborted leaves the database as it was.
      onOlder: (tx) => {
        isOlder = true
        abort(tx)
      },
      // Another context deletes the database, or opens a later layout: stand aside, for good.
      onVersionChange: (version) => {
        this.isDeleted = version === null
        this.#isClosed = true
        this.drop()
      },
      onTerminated: () => this.drop(),
      onBlocked: () => {
        isBlocked = true
      },
    })
    try {
      this.#db = await watch(this.#options, () => opening)
    } catch (error) {
      // One that opens after all must not stand in the way of others.
      opening.then((db) => db.close()).catch(() => undefined)
      if (isMissing) throw closedError()
      if (isOlder) throw olderLayoutError()
      throw isBlocked ? blockedError() : toSyncError(error)
    }
  }

  read<T>(work: (tx: RowReader) => Promise<T>): Promise<T> {
    return this.#mutex.run(() => this.#transact('readonly', 'relaxed', work))
  }

  write<T>(
    durability: 'strict' | 'relaxed',
    work: (tx: RowWriter) => Promise<T>,
    onComplete: () => void = nothing,
  ): Promise<T> {
    return this.#mutex.run(async () => {
      const result = await this.#transact('readwrite', durability, work)
      onComplete()
      return result
    })
  }

  close(): Promise<void> {
    this.#isClosed = true
    return this.#mutex.run(async () => this.drop())
  }

  drop(): void {
    this.#db?.close()
    this.#db = null
  }

  async #transact<T>(
    mode: IDBTransactionMode,
    durability: 'strict' | 'relaxed',
    work: (tx: RowWriter) => Promise<T>,
  ): Promise<T> {
    if (this.#isClosed) throw closedError()
    if (this.#db === null) throw lostError()
    return runTransaction(beginOn(this.#db, mode, durability), work, this.#options)
  }
}

/** All stores, always: transactions run one at a time anyway. */
function beginOn(db: IDBPDatabase, mode: IDBTransactionMode, durability: 'strict' | 'relaxed'): IdbTransaction {
  try {
    return db.transaction([...STORE_NAMES], mode, { durability }) as unknown as IdbTransaction
  } catch (error) {
    // The connection is closing and its event has not come yet, or a store is missing.
    throw toSyncError(error)
  }
}

/** Runs work in a transaction to its end, watched. */
function runTransaction<T>(
  tx: IdbTransaction,
  work: (tx: RowWriter) => Promise<T>,
  options: IdbDatabaseOptions,
): Promise<T> {
  return watch(
    options,
    (onProgress) => finish(tx, work(createRowWriter(tx, onProgress))),
    () => abort(tx),
  )
}

/** Gives up what makes no progress, so that nothing waits for ever: a database can lock up without a word (WebKit). */
function watch<T>(
  options: IdbDatabaseOptions,
  task: (onProgress: () => void) => Promise<T>,
  giveUp: () => void = nothing,
): Promise<T> {
  const { watchdogMs = WATCHDOG_MS, startTimer = startPlatformTimer } = options
  return new Promise<T>((resolve, reject) => {
    let stopTimer = nothing
    const restart = (): void => {
      stopTimer()
      stopTimer = startTimer(watchdogMs, () => {
        giveUp()
        reject(noAnswerError())
      })
    }
    restart()
    task(restart)
      .then(resolve, reject)
      .finally(() => stopTimer())
      .catch(nothing)
  })
}

/** Waits for the work and for the transaction; whichever failed first on its own account says why. */
async function finish<T>(tx: IdbTransaction, work: Promise<T>): Promise<T> {
  const done = tx.done.then(
    () => null,
    (error: unknown) => ({ error }),
  )
  let result: T
  try {
    result = await work
  } catch (error) {
    abort(tx)
    const failure = await done
    // A request fails because the transaction was aborted: the transaction knows the reason.
    if (error instanceof DOMException) throw toSyncError(failure?.error ?? error)
    throw error
  }
  const failure = await done
  if (failure !== null) throw toSyncError(failure.error)
  return result
}

function nothing(): void {
  // There is no timer to stop yet, or nothing to give up.
}

function abort(tx: { readonly done: Promise<void>; abort(): void }): void {
  tx.done.catch(nothing)
  try {
    tx.abort()
  } catch {
    // It has ended already.
  }
}

/** Rejects, and never throws: some browsers do where storage is forbidden. */
async function openConnection(
  name: string,
  events: {
    readonly onVersionChange: (version: number | null) => void
    readonly onTerminated: () => void
    readonly onBlocked: () => void
    readonly onMissing: (tx: { readonly done: Promise<void>; abort(): void }) => boolean
    readonly onOlder: (tx: { readonly done: Promise<void>; abort(): void }) => void
  },
): Promise<IDBPDatabase> {
  return openDB(name, LAYOUT_VERSION, {
    upgrade(db, before, _now, tx) {
      // Opening fails with it, and says why.
      tx.done.catch(nothing)
      if (before === 0 && events.onMissing(tx)) return
      if (before > 0) {
        events.onOlder(tx)
        return
      }
      for (const store of STORE_NAMES) {
        const path = KEY_PATHS[store]
        db.createObjectStore(store, { keyPath: typeof path === 'string' ? path : [...path] })
      }
    },
    blocking: (_from, to) => events.onVersionChange(to),
    blocked: events.onBlocked,
    terminated: events.onTerminated,
  })
}
