import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Jobs that share a commit at most: bounds how long the first of them waits. */
const MAX_JOBS = 64

type Kind = 'read' | 'write' | 'alone'

interface Job {
  readonly kind: Kind
  readonly work: () => Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * One connection for all: jobs run one after the other, in the order in which they came, and those that are there at the same time share
 * one transaction and one COMMIT. To bring a commit to the disk is what an exchange waits for, and it costs the same for one as for fifty.
 *
 *     BEGIN ─► [SAVEPOINT ─► work ─► RELEASE]* ─► COMMIT ─► all of them resolve
 *
 * What always holds: a job resolves only after the commit that has its writes; one that throws is rolled back alone; if the commit fails
 * all of its jobs reject, and none of what they wrote is there. A later job of a group sees what an earlier one wrote, and shares its fate.
 */
export class GroupCommit {
  readonly #database: DatabaseSync
  readonly #savepoint: StatementSync
  readonly #release: StatementSync
  readonly #rollBackJob: StatementSync
  #queue: Job[] = []
  #isRunning = false
  #commits = 0
  #transactions = 0

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#savepoint = database.prepare('SAVEPOINT job')
    this.#release = database.prepare('RELEASE job')
    this.#rollBackJob = database.prepare('ROLLBACK TO job')
  }

  /** Commits that have written, and the jobs that they held. */
  get counts(): { readonly commits: number; readonly transactions: number } {
    return { commits: this.#commits, transactions: this.#transactions }
  }

  /** Runs a job in a transaction: `read` sees one consistent state, `write` may change it; `alone` has none and shares nothing. */
  run<T>(kind: Kind, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ kind, work, resolve: resolve as (value: unknown) => void, reject })
      if (!this.#isRunning) void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#isRunning = true
    // All requests that have come are let in first. Not inside the transaction: that is never held open while others may want the file.
    await nextTurn()
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      if (job.kind === 'alone') await runAlone(job)
      else await this.#runGroup(job)
    }
    this.#isRunning = false
  }

  async #runGroup(first: Job): Promise<void> {
    const done: { readonly job: Job; readonly value: unknown }[] = []
    const isWriting = first.kind === 'write'
    let job: Job | undefined = first
    try {
      // IMMEDIATE takes the file's write lock first, so that the COMMIT never finds it taken.
      this.#database.exec(isWriting ? 'BEGIN IMMEDIATE' : 'BEGIN')
      for (let jobs = 1; job !== undefined; jobs += 1) {
        const value = await this.#runJob(job)
        if (value !== FAILED) done.push({ job, value })
        job = jobs < MAX_JOBS ? this.#nextFor(isWriting) : undefined
      }
      this.#database.exec('COMMIT')
    } catch (error) {
      // A full disk may have rolled back already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      for (const each of done) each.job.reject(error)
      job?.reject(error)
      return
    }
    if (isWriting) this.#commits += 1
    if (isWriting) this.#transactions += done.length
    for (const each of done) each.job.resolve(each.value)
  }

  /** The value, or FAILED if the job alone was rolled back. Throws if the whole transaction is gone. */
  async #runJob(job: Job): Promise<unknown> {
    this.#savepoint.run()
    try {
      const value = await job.work()
      this.#release.run()
      return value
    } catch (error) {
      if (!this.#database.isTransaction) throw error
      this.#rollBackJob.run()
      this.#release.run()
      job.reject(error)
      return FAILED
    }
  }

  /** The next one, if it may share the transaction. */
  #nextFor(isWriting: boolean): Job | undefined {
    const [next] = this.#queue
    if (next === undefined || next.kind === 'alone' || (next.kind === 'write' && !isWriting)) return undefined
    return this.#queue.shift()
  }
}

const FAILED = Symbol('rolled back alone')

async function runAlone({ work, resolve, reject }: Job): Promise<void> {
  try {
    resolve(await work())
  } catch (error) {
    reject(error)
  }
}
