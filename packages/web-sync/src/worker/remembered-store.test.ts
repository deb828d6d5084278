import { INITIAL_MEMORY } from 'web-sync-protocol'
import { describe, expect, it, test } from 'vitest'
import type { StoreCounts, SyncSummary } from '../contract/index.ts'
import { findLost, parseRemembered } from './remembered-store.ts'

const MADE_AT_MS = 1_700_000_000_000
const LATER_MS = 1_800_000_000_000

/** A database that is synced, with so many writes. */
function summaryOf(counts: Partial<StoreCounts>, more: Partial<SyncSummary> = {}): SyncSummary {
  return {
    key: { n: 3, tag: 'tag' },
    partnershipId: 'p',
    replicaId: 'r',
    isSettled: true,
    isResyncing: false,
    progress: null,
    lastSyncAtMs: LATER_MS,
    madeAtMs: MADE_AT_MS,
    evictedAtMs: null,
    recovery: null,
    memory: INITIAL_MEMORY,
    counts: { pending: 0, setAside: 0, refused: 0, journal: 0, salvage: 0, journalDropped: 0, written: 0, ...counts },
    ...more,
  }
}

/** A database that nothing was ever stored in. */
const fresh = summaryOf({}, { key: 0, lastSyncAtMs: null, madeAtMs: LATER_MS })

/** What is lost by a note, `null` if there is none. */
function lostBy(note: string | null, summary: SyncSummary): number | null {
  const remembered = parseRemembered(note)
  return remembered === null ? null : findLost(summary, remembered)
}

test('nothing is remembered: nothing is lost, whatever the database has', () => {
  expect(lostBy(null, fresh)).toBeNull()
})

describe('the database is another one', () => {
  it.each([
    ['its unsent writes are lost if nothing was ever stored in the new one', `1 6 26 ${MADE_AT_MS}`, 6],
    ['the note knew of none', `1 0 26 ${MADE_AT_MS}`, 0],
  ])('%s', (_name, note, lost) => {
    expect(lostBy(note, fresh)).toBe(lost)
  })

  it.each([
    ['a tab that stood still has noted the one before a wipe', summaryOf({ written: 2 }, { madeAtMs: LATER_MS })],
    [
      'it was synced by a service worker before a page looked',
      summaryOf({}, { madeAtMs: LATER_MS, lastSyncAtMs: LATER_MS }),
    ],
    [
      'it took the place of a broken one, which is told otherwise',
      {
        ...fresh,
        recovery: {
          atMs: LATER_MS,
          cause: 'error',
          message: '',
          saved: 0,
          unreadable: null,
          isRead: false,
          isOldKept: true,
        },
      } satisfies SyncSummary,
    ],
    ['it is older as a whole, from before the one in the note', summaryOf({ written: 2, pending: 2 }, { madeAtMs: 5 })],
  ])('nothing is told: %s', (_name, summary) => {
    expect(lostBy(`1 6 26 ${MADE_AT_MS}`, summary)).toBeNull()
  })
})

describe('the same database', () => {
  it.each([
    ['before the last writes, all of them unsent', summaryOf({ written: 20 }), 6],
    ['before the last four of six unsent writes', summaryOf({ written: 22, pending: 2 }), 4],
    ['before writes that were sent since: the last six of 26 are lost', summaryOf({ written: 10, pending: 10 }), 6],
    ['one that was set aside before is there: the other five are lost', summaryOf({ written: 20, setAside: 1 }), 5],
  ])('lost by going back: %s', (_name, summary, lost) => {
    expect(lostBy(`1 6 26 ${MADE_AT_MS}`, summary)).toBe(lost)
  })

  it('lost by going back to before its first write', () => {
    expect(lostBy(`0 3 3 ${MADE_AT_MS}`, { ...fresh, madeAtMs: MADE_AT_MS })).toBe(3)
  })

  it.each([
    ['as it was noted', `1 6 26 ${MADE_AT_MS}`],
    ['newer than the note: a tab noted late, or the service worker has synced', `1 9 20 ${MADE_AT_MS}`],
    ['without writes that were all accepted', `1 0 40 ${MADE_AT_MS}`],
    ['noted with too few numbers', '1 40'],
    ['noted with too many', `1 6 40 ${MADE_AT_MS} 7`],
    ['noted with something else', `1 6 many ${MADE_AT_MS}`],
  ])('nothing is lost: %s', (_name, note) => {
    expect(lostBy(note, summaryOf({ written: 26, pending: 6 }))).toBeNull()
  })

  it('nothing is lost if every write that waits was set aside before, and is there', () => {
    expect(lostBy(`1 2 26 ${MADE_AT_MS}`, summaryOf({ written: 20, pending: 2, setAside: 2 }))).toBeNull()
  })

  it('writes that were discarded before anything was sent are no loss', () => {
    const emptied = summaryOf({ written: 1 }, { key: 0, lastSyncAtMs: null })
    expect(lostBy(`0 1 1 ${MADE_AT_MS}`, emptied)).toBeNull()
  })
})
