import type { OpenRequest, SyncSummary } from '../contract/index.ts'

/** What a browser remembers of a store outside its database. */
export interface RememberedStore {
  readonly unsent: number
  /** Mutations that the database was ever given. */
  readonly written: number
  /** Which database that was, by {@link SyncSummary.madeAtMs}. */
  readonly madeAtMs: number
}

/** Reads {@link OpenRequest.remembered}; null: nothing is remembered, or not in these words. */
export function parseRemembered(text: OpenRequest['remembered']): RememberedStore | null {
  if (text === null) return null
  const numbers = text.split(' ').map(Number)
  if (numbers.length !== 4 || !numbers.every(Number.isSafeInteger)) return null
  const [, unsent, written, madeAtMs] = numbers as [number, number, number, number]
  return { unsent, written, madeAtMs }
}

/**
 * How many unsent writes a database does not have any more that the browser remembers of it; null: it lacks none.
 *
 * The same database never counts fewer writes than before, whatever is done in it, so with fewer it went back in time: a browser drops the
 * end of its files that it cannot read, without a word. Of the writes that it lacks the last ones were unsent; those set aside do not move
 * on, so what is set aside was unsent before and is there. Another database that nothing was ever stored in took the place of an evicted
 * one. One that others have made meanwhile (a wipe in another tab, a replacement) has told, or has nothing to tell.
 */
export function findLost(summary: SyncSummary, { unsent, written, madeAtMs }: RememberedStore): number | null {
  if (madeAtMs !== summary.madeAtMs) return isNew(summary) ? unsent : null
  const lost = Math.min(unsent - summary.counts.setAside, written - summary.counts.written)
  return lost > 0 ? lost : null
}

/** True if nothing was ever stored there. */
function isNew({ lastSyncAtMs, key, counts, recovery }: SyncSummary): boolean {
  return recovery === null && lastSyncAtMs === null && key === 0 && counts.pending + counts.refused === 0
}
