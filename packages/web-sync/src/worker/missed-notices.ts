import type { StoreNotice, SyncSummary } from '../contract/index.ts'

/** What a lost notice may have left as it was. `waits`: promises of writes and the list of entries; `all`: live queries as well. */
export type Missed = 'nothing' | 'waits' | 'all'

/**
 * Finds out whether a notice of another context is missing. A context that was killed between its commit and its message sends none, so
 * after each run, of this context or another one, the store's summary is compared with the one of the run before.
 */
export class MissedNotices {
  #seen: string | null = null
  #isRunOver = false
  #hasNotice = false

  /** A notice of this context or another one. One that names no collection says nothing of records. */
  onNotice({ collections }: StoreNotice): void {
    if (collections.length > 0) this.#hasNotice = true
  }

  /** A run has ended. */
  onRun(): void {
    this.#isRunOver = true
  }

  /** Judges the summary that was read next; 'nothing' while no run has ended, or if nothing has moved. */
  check({ key, partnershipId, counts }: SyncSummary): Missed {
    if (!this.#isRunOver) return 'nothing'
    this.#isRunOver = false
    const seen = JSON.stringify([partnershipId, key, counts])
    if (seen === this.#seen) return 'nothing'
    const isFirst = this.#seen === null
    const missed = isFirst || this.#hasNotice ? 'waits' : 'all'
    this.#seen = seen
    this.#hasNotice = false
    return missed
  }
}
