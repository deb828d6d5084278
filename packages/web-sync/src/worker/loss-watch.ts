import type { SyncSummary } from '../contract/index.ts'
import { findLost, type RememberedStore } from './remembered-store.ts'

/** What was found to be lost, with the number of unsent writes that went with it (null: nobody knows). */
export interface Loss {
  readonly isReplaced: boolean
  /** null: it was not evicted. */
  readonly evictedAtMs: number | null
  readonly unsent: number | null
}

/**
 * Notices that a store has lost something: the rows are gone, or go back in time, though the browser remembers more of them; or a fresh
 * database took the place of a broken or an evicted one while the space was open.
 */
export class LossWatch {
  /** null: there is nothing, or what is lost of it was told. */
  #remembered: RememberedStore | null
  /** What the app has been told of. */
  #told: { readonly recoveredAtMs: number; readonly evictedAtMs: number; readonly unsent: number | null }

  /** `openedAtMs`: what happened while it was being opened is news, what happened before is in the status. */
  constructor(remembered: RememberedStore | null, openedAtMs: number) {
    this.#remembered = remembered
    this.#told = {
      recoveredAtMs: openedAtMs - 1,
      evictedAtMs: openedAtMs - 1,
      unsent: remembered?.unsent ?? null,
    }
  }

  /** How many unsent writes the opened store lacks; null: none. */
  checkAtOpening(summary: SyncSummary | null): number | null {
    return summary === null || this.#remembered === null ? null : findLost(summary, this.#remembered)
  }

  /** A summary was read: what is news in it; null: nothing was lost. */
  check({ recovery, evictedAtMs, counts }: SyncSummary): Loss | null {
    const before = this.#told
    const now = {
      recoveredAtMs: Math.max(recovery?.atMs ?? 0, before.recoveredAtMs),
      evictedAtMs: Math.max(evictedAtMs ?? 0, before.evictedAtMs),
      unsent: counts.pending,
    }
    this.#told = now
    const isReplaced = now.recoveredAtMs > before.recoveredAtMs
    const isEvicted = now.evictedAtMs > before.evictedAtMs
    if (!isReplaced && !isEvicted) return null
    this.#remembered = null
    return { isReplaced, evictedAtMs: isEvicted ? now.evictedAtMs : null, unsent: before.unsent }
  }
}
