import { LIMITS } from 'web-sync-protocol'
import type { PartnerLimits } from '../contract/index.ts'

/** Work of one row that is looked up or written by its key, whatever is in it. */
export const ROW_WORK = 20

/** What goes beyond: the mutation by itself, however it is sent; or the ask, so that the mutation is for a later one. */
export type Excess = 'mutation' | 'ask'

/**
 * What the mutations of one ask may cost, all together and each by itself: counted, not timed. The first one that is tried is held by its
 * own bound only, so that each ask brings the outbox further; the others share what the ask may cost, and what does not fit is `later`.
 *
 * - operations;
 * - work: fields read, copied, checked and compared (`weigh`), calls of the app's rules, rows that
 *   are looked up ({@link ROW_WORK});
 * - bytes: of records, log rows and outcomes that were read, and of results that will be written.
 */
export class Budget {
  #opsLeft: number
  #workLeft: number
  #bytesLeft: number
  #work = 0
  #bytes = 0
  #isFirst = true
  #isClosed = false

  constructor(limits: Pick<PartnerLimits, 'opsPerAsk' | 'workPerAsk' | 'bytesPerAsk'>) {
    this.#opsLeft = limits.opsPerAsk
    this.#workLeft = limits.workPerAsk
    this.#bytesLeft = limits.bytesPerAsk
  }

  /** True if a mutation of so many operations may be tried; once one may not, none after it may: they take effect in order. */
  begin(operations: number): boolean {
    this.#opsLeft -= operations
    this.#work = 0
    this.#bytes = 0
    if (!this.#isFirst && this.#isSpent) this.#isClosed = true
    return !this.#isClosed
  }

  /** The mutation under way was answered: the next one is not the first. */
  end(): void {
    this.#isFirst = false
  }

  /** It was begun, but it did not fit: it is `later`, and so is all that follows. */
  close(): void {
    this.#isClosed = true
  }

  /** Counts what was done. */
  spend(work: number, bytes: number = 0): void {
    this.#workLeft -= work
    this.#bytesLeft -= bytes
    this.#work += work
    this.#bytes += bytes
  }

  /** Why the mutation under way cannot go on; null: it can. */
  findExcess(): Excess | null {
    if (!this.#isFirst && this.#isSpent) return 'ask'
    return this.#work > LIMITS.mutationWork || this.#bytes > LIMITS.mutationTouches ? 'mutation' : null
  }

  get #isSpent(): boolean {
    return this.#opsLeft < 0 || this.#workLeft < 0 || this.#bytesLeft < 0
  }
}
