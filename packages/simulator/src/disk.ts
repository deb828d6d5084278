import { type MemoryDatabase, SyncError } from 'web-sync/testing'
import { Killed, never, type Process } from './process.ts'

/** Reading inside a transaction of a memory database. */
export type RowReader = Parameters<Parameters<MemoryDatabase['read']>[0]>[0]
/** Reading and writing inside a transaction of a memory database. */
export type RowWriter = Parameters<Parameters<MemoryDatabase['write']>[1]>[0]
/** The row that says where the store is. */
export type SyncRow = Extract<NonNullable<Awaited<ReturnType<RowWriter['get']>>>, { readonly key: 'sync' }>

/** The rows of a device, in memory or in IndexedDB. */
export interface DeviceRows extends MemoryDatabase {
  /** A connection of a process of its own; without it all processes share one. */
  readonly connect?: () => MemoryDatabase
}

/** Who looks on. */
export interface DiskWatcher {
  /** Each write transaction, before it is committed: the store's row of itself before and after it. */
  commit(before: SyncRow | undefined, after: SyncRow | undefined, tx: RowWriter): Promise<void>
  /** A process died inside a transaction. */
  killed(): void
}

/** A transaction that the platform will abort. */
interface Abort {
  readonly code: 'quota-exceeded' | 'storage-failed'
  /** Write transactions before it. */
  transactions: number
  /** Requests in it before the abort; more than it has: at its commit. */
  requests: number
}

/** States that a power loss may return to are kept no more than this. */
const MAX_RELAXED = 5

/**
 * The device's disk. Transactions are atomic; a strict one is on the disk with all before it when it completes, of the relaxed ones
 * after it a power loss may take the last.
 */
export class Disk {
  readonly #rows: DeviceRows
  readonly #watcher: DiskWatcher
  readonly #keepsStates: boolean
  #durable: MemoryDatabase[] = []
  #abort: Abort | null = null

  constructor(rows: DeviceRows, watcher: DiskWatcher, keepsStates: boolean) {
    this.#rows = rows
    this.#watcher = watcher
    this.#keepsStates = keepsStates
  }

  /** All rows, for those who look on. */
  get rows(): MemoryDatabase {
    return this.#rows
  }

  /** What is there now: a cloned profile. */
  copy(): MemoryDatabase {
    return this.#rows.copy()
  }

  /** What is there after the power failed and so many relaxed transactions are lost at the most. */
  afterPowerLoss(lost: number): MemoryDatabase {
    const index = Math.max(0, this.#durable.length - 1 - lost)
    return (this.#durable[index] ?? this.#rows).copy()
  }

  /** The platform will abort a transaction. */
  abortLater(code: Abort['code'], transactions: number, requests: number): void {
    this.#abort = { code, transactions, requests }
  }

  /** There is room again. */
  heal(): void {
    this.#abort = null
  }

  /** The database as a store of a process sees it. */
  openFor(process: Process): MemoryDatabase {
    const rows = this.#rows.connect?.() ?? this.#rows
    return {
      read: async (work) => {
        await process.port()
        const result = await rows.read(work)
        return process.isDead ? never() : result
      },
      write: (durability, work, onComplete) => this.#write(process, rows, durability, work, onComplete),
      copy: () => this.copy(),
    }
  }

  async #write<T>(
    process: Process,
    rows: MemoryDatabase,
    durability: 'strict' | 'relaxed',
    work: (tx: RowWriter) => Promise<T>,
    onComplete?: () => void,
  ): Promise<T> {
    await process.port()
    let result: T
    try {
      result = await rows.write(durability, (tx) => this.#transact(process, tx, work), onComplete)
    } catch (error) {
      if (error instanceof Killed) this.#watcher.killed()
      if (error instanceof Killed || process.isDead) return never()
      throw error
    }
    this.#keepState(durability)
    // Death between the commit and the news of it.
    await process.port()
    return result
  }

  async #transact<T>(process: Process, tx: RowWriter, work: (tx: RowWriter) => Promise<T>): Promise<T> {
    const before = (await tx.get('meta', 'sync')) as SyncRow | undefined
    const abort = this.#dueAbort()
    const result = await work(abort !== null || process.isWatched ? watch(tx, process, abort) : tx)
    if (abort !== null) throw aborted(abort)
    if (process.isDead) throw new Killed()
    await this.#watcher.commit(before, (await tx.get('meta', 'sync')) as SyncRow | undefined, tx)
    return result
  }

  #dueAbort(): Abort | null {
    const abort = this.#abort
    if (abort === null) return null
    abort.transactions -= 1
    if (abort.transactions >= 0) return null
    this.#abort = null
    return abort
  }

  #keepState(durability: 'strict' | 'relaxed'): void {
    if (!this.#keepsStates) return
    if (durability === 'strict') this.#durable = []
    this.#durable.push(this.#rows.copy())
    if (this.#durable.length > MAX_RELAXED + 1) this.#durable.shift()
  }
}

function aborted({ code }: Abort): SyncError {
  return new SyncError(code, 'the simulated platform aborted the transaction')
}

/** Each request inside the transaction may be the last. */
function watch(tx: RowWriter, process: Process, abort: Abort | null): RowWriter {
  return new Proxy(tx, {
    get(target, name: keyof RowWriter) {
      const method = target[name] as (...args: unknown[]) => unknown
      return (...args: unknown[]): unknown => {
        if (process.step()) throw new Killed()
        if (abort !== null) {
          abort.requests -= 1
          if (abort.requests < 0) throw aborted(abort)
        }
        const answer = method(...args)
        // Requests that are under way when it ends here fail with the transaction, and nobody is left to hear of it.
        if (answer instanceof Promise) answer.catch(() => undefined)
        return answer
      }
    },
  })
}
