import { INITIAL_MEMORY } from 'web-sync-protocol'
import { expect, test } from 'vitest'
import type { StoreNotice, SyncSummary } from '../contract/index.ts'
import { MissedNotices } from './missed-notices.ts'

const COUNTS = { pending: 0, setAside: 0, refused: 0, journal: 0, salvage: 0, journalDropped: 0, written: 0 }

function summaryOf(n: number, pending = 0): SyncSummary {
  return {
    key: { n, tag: 'tag' },
    partnershipId: 'p',
    replicaId: 'r',
    isSettled: true,
    isResyncing: false,
    progress: null,
    lastSyncAtMs: n,
    madeAtMs: 1,
    evictedAtMs: null,
    recovery: null,
    memory: INITIAL_MEMORY,
    counts: { ...COUNTS, pending },
  }
}

function noticeOf(...collections: readonly string[]): StoreNotice {
  return { collections, records: 'all', mutations: [], hasNewWrites: false }
}

/** One that has seen key 1 at the end of a run. */
function makeUsed(): MissedNotices {
  const missed = new MissedNotices()
  missed.onRun()
  expect(missed.check(summaryOf(1))).toBe('waits')
  return missed
}

test('a run that moved the key, and no notice of a record: queries and waits have missed it', () => {
  const missed = makeUsed()
  missed.onNotice(noticeOf())
  missed.onRun()
  expect(missed.check(summaryOf(2))).toBe('all')
})

test('a notice of records came: queries know, and waits are looked at once', () => {
  const missed = makeUsed()
  missed.onNotice(noticeOf('notes'))
  missed.onRun()
  expect(missed.check(summaryOf(2))).toBe('waits')
  missed.onRun()
  expect(missed.check(summaryOf(2))).toBe('nothing')
})

test('a write that left the outbox counts, although the key stands still', () => {
  const missed = makeUsed()
  missed.onRun()
  expect(missed.check(summaryOf(1, 1))).toBe('all')
})

test('no run has ended: a summary alone says nothing', () => {
  expect(makeUsed().check(summaryOf(2))).toBe('nothing')
})
