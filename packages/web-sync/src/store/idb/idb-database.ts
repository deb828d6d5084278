import type { IDBPDatabase } from 'idb'
import { createMutex } from '../fifo-mutex.ts'
import type { RowDatabase, RowReader, RowWriter } from '../row-database.ts'
import { KEY_PATHS, STORE_NAMES } from '../rows.ts'
import { closedError } from '../runner.ts'
import { type IdbTransaction, createRowWriter } from './idb-transaction.ts'
import { type DoorOptions, openToRead, WATCHDOG_MS } from './door.ts'
import { lostError, noAnswerError, toSyncError } from './idb-errors.ts'
import { type StartTimer, startPlatformTimer } from './in-time.ts'
import type { NewLog } from './new-log.ts'

/** Number of the layout. A store of another layout is not opened, and nothing of it is changed: `newer-schema`, `older-layout`. */
export const LAYOUT_VERSION = 6

/** How the database reacts to its platform. */
export interface IdbDatabaseOptions {
  readonly name: string
  /** After so many milliseconds without progress a transaction is given up. Default {@link WATCHDOG_MS}. */
  readonly watchdogMs?: number | undefined
  /** Default: the platform's. */
  readonly startTimer?: StartTimer | undefined
  /** True: where there is no such database none is made, and opening rejects with 'closed'. Default: false. */
  readonly mustExist?: boolean | undefined
  /** True: it was there a moment ago, so its log is begun anew beside the opening. Default: false. */
  readonly isThere?: boolean | undefined
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
  #log: NewLog | null = null
  #isClosed = false
  isDeleted = false

  constructor(options: IdbDatabaseOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const { name, watchdogMs, startTimer, mustExist = false, isThere = false } = this.#options
    const options: DoorOptions = {
      watchdogMs,
      startTimer,
      version: LAYOUT_VERSION,
      make: mustExist ? undefined : makeStores,
      // Another context deletes the database, or opens a later layout: stand aside, for good.
      onVersionChange: (version) => {
        this.isDeleted = version === null
        this.#isClosed = true
        this.drop()
      },
      onTerminated: () => this.drop(),
    }
    const { db, log } = await openToRead(name, options, isThere)
    this.#db = db
    this.#log = log
  }

  read<T>(work: (tx: RowReader) => Promise<T>): Promise<T> {
    return this.#mutex.run(() => this.#transact('readonly', 'relaxed', work))
  }

  async write<T>(
    durability: 'strict' | 'relaxed',
    work: (tx: RowWriter) => Promise<T>,
    onComplete: () => void = nothing,
  ): Promise<T> {
    for (;;) {
      try {
        return await this.#mutex.run(async () => {
          const result = await this.#transact('readwrite', durability, work)
          onComplete()
          return result
        })
      } catch (error) {
        if (!(error instanceof TooEarly)) throw error
      }
      // Outside the mutex: what only reads goes on meanwhile.
      await this.#log?.begin()
    }
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
    const mayWrite = mode === 'readonly' || this.#log?.isBegun === true
    return runTransaction(beginOn(this.#db, mode, durability), mayWrite ? work : untilWrite(work), this.#options)
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

/** The tables of a new database. */
function makeStores(db: IDBPDatabase): void {
  for (const store of STORE_NAMES) {
    const path = KEY_PATHS[store]
    db.createObjectStore(store, { keyPath: typeof path === 'string' ? path : [...path] })
  }
}

/** Ends a transaction that was to write before the log was begun anew; it is done again then. */
class TooEarly extends Error {
  override readonly name = 'TooEarly'
}

/** The same work as far as it only reads. */
function untilWrite<T>(work: (tx: RowWriter) => Promise<T>): (tx: RowWriter) => Promise<T> {
  return (tx) => work({ ...tx, put: refuse, delete: refuse, deleteRange: refuse, clear: refuse })
}

function refuse(): never {
  throw new TooEarly()
}
