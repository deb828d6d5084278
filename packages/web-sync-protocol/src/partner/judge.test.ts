import { assert, describe, expect, it } from 'vitest'
import type { CheckpointName } from '../sync-key.ts'
import { type CaseName, type CheckpointFacts, judgeKey, type KeyFacts, type Verdict } from './judge.ts'

const TAG = 'a'.repeat(32)
const NAME: CheckpointName = { partnershipId: 'b'.repeat(32), n: 2, tag: 'c'.repeat(32) }
const FLOOR = 100

const CHECKPOINT: CheckpointFacts = {
  cut: FLOOR,
  hasSuccessor: false,
  isSuccessorPresented: false,
  isSiblingPresented: false,
  hasOtherCollections: false,
}

const FACTS: KeyFacts = {
  isPrimary: true,
  key: { n: 10, tag: TAG },
  partnership: { oldestKept: 5 },
  checkpoint: CHECKPOINT,
  logFloor: FLOOR,
  isRequestSeen: false,
  isRestoreSeen: false,
  rollbackTo: null,
}

function judgeWith(facts: Partial<KeyFacts>, checkpoint: Partial<CheckpointFacts> = {}): Verdict {
  const merged = { ...FACTS, ...facts }
  return judgeKey(
    merged.checkpoint === null ? merged : { ...merged, checkpoint: { ...merged.checkpoint, ...checkpoint } },
  )
}

describe('the table of cases', () => {
  it('K0: key 0 begins from nothing, even where a partnership is known', () => {
    expect(judgeWith({ key: 0 })).toEqual({ case: 'K0', action: 'begin' })
    expect(judgeWith({ key: 0, partnership: null, checkpoint: null })).toEqual({ case: 'K0', action: 'begin' })
  })

  it('K1: a checkpoint without successor is served from', () => {
    expect(judgeWith({})).toEqual({ case: 'K1', action: 'serve', hasOtherCollections: false })
  })

  it('K1c: other collections than the checkpoint’s are settled while serving', () => {
    const verdict = { case: 'K1c', action: 'serve', hasOtherCollections: true }
    expect(judgeWith({}, { hasOtherCollections: true })).toEqual(verdict)
    expect(judgeWith({}, { hasOtherCollections: true, hasSuccessor: true })).toEqual(verdict)
    expect(judgeWith({}, { hasOtherCollections: true, hasSuccessor: true, isSuccessorPresented: true })).toEqual({
      case: 'K3',
      action: 'fork',
      hasOtherCollections: true,
    })
  })

  it('K2: a checkpoint whose successors were never presented is served from again: the response was lost', () => {
    expect(judgeWith({}, { hasSuccessor: true })).toEqual({ case: 'K2', action: 'serve', hasOtherCollections: false })
  })

  it('K3: a checkpoint whose successor or sibling was presented is served from under a new partnership', () => {
    const fork = { case: 'K3', action: 'fork', hasOtherCollections: false }
    expect(judgeWith({}, { hasSuccessor: true, isSuccessorPresented: true })).toEqual(fork)
    expect(judgeWith({}, { isSiblingPresented: true })).toEqual(fork)
  })

  it("K3': the same with a requestId that was seen is a late duplicate and changes nothing", () => {
    const repeat = { case: "K3'", action: 'repeat' }
    expect(judgeWith({ isRequestSeen: true }, { hasSuccessor: true, isSuccessorPresented: true })).toEqual(repeat)
    expect(judgeWith({ isRequestSeen: true }, { isSiblingPresented: true })).toEqual(repeat)
  })

  it('K4: a key below the kept ones, or below the log’s floor, is expired; a restore turns apply into upload', () => {
    expect(judgeWith({ key: { n: 4, tag: TAG }, checkpoint: null })).toEqual({
      case: 'K4',
      action: 'expired',
      reason: 'thinned',
      reset: 'apply',
    })
    expect(judgeWith({ isRestoreSeen: true }, { cut: FLOOR - 1 })).toEqual({
      case: 'K4',
      action: 'expired',
      reason: 'log-floor',
      reset: 'upload',
    })
  })

  it('K5: a partnership without this checkpoint went back: roll back to what both have', () => {
    expect(judgeWith({ checkpoint: null, rollbackTo: NAME })).toEqual({
      case: 'K5',
      action: 'roll-back',
      reason: 'regressed',
      rollbackTo: NAME,
    })
    expect(judgeWith({ checkpoint: null, partnership: { oldestKept: null } }).case).toBe('K5')
    expect(judgeWith({ checkpoint: null, key: { n: 5, tag: TAG } }).case).toBe('K5')
  })

  it('K6: a partnership that is not there is answered like one that is another account’s', () => {
    const verdict = { case: 'K6', action: 'roll-back', reason: 'unknown', rollbackTo: null }
    expect(judgeWith({ partnership: null, checkpoint: null })).toEqual(verdict)
    expect(judgeWith({ partnership: null })).toEqual(verdict)
  })

  it('K7: a malformed key is refused, whatever else is known', () => {
    expect(judgeWith({ key: 'malformed' })).toEqual({ case: 'K7', action: 'malformed' })
  })

  it('K8: a node that is not the primary judges no key at all', () => {
    for (const key of [0, 'malformed', FACTS.key] as const) {
      expect(judgeWith({ isPrimary: false, key })).toEqual({ case: 'K8', action: 'behind' })
    }
  })
})

// --- every combination of facts against the table as docs/protocol.md section 5 writes it

const isKeyed = (f: KeyFacts): boolean => f.isPrimary && f.key !== 0 && f.key !== 'malformed'
const isBelowKept = (f: KeyFacts): boolean =>
  typeof f.key === 'object' &&
  f.partnership !== null &&
  f.partnership.oldestKept !== null &&
  f.key.n < f.partnership.oldestKept
const isFound = (f: KeyFacts): boolean => isKeyed(f) && f.partnership !== null && f.checkpoint !== null
const isBelowFloor = (f: KeyFacts): boolean => f.checkpoint !== null && f.checkpoint.cut < f.logFloor
const isServable = (f: KeyFacts): boolean => isFound(f) && !isBelowFloor(f)
const isPassed = (f: KeyFacts): boolean =>
  f.checkpoint !== null && (f.checkpoint.isSuccessorPresented || f.checkpoint.isSiblingPresented)
const isCurrent = (f: KeyFacts): boolean => isServable(f) && !isPassed(f)

/** One row of the spec's table each. That exactly one holds for every combination is tested, not assumed. */
const ROWS: Readonly<Record<CaseName, (f: KeyFacts) => boolean>> = {
  K0: (f) => f.isPrimary && f.key === 0,
  K1: (f) => isCurrent(f) && !f.checkpoint?.hasOtherCollections && !f.checkpoint?.hasSuccessor,
  K1c: (f) => isCurrent(f) && f.checkpoint?.hasOtherCollections === true,
  K2: (f) => isCurrent(f) && !f.checkpoint?.hasOtherCollections && f.checkpoint?.hasSuccessor === true,
  K3: (f) => isServable(f) && isPassed(f) && !f.isRequestSeen,
  "K3'": (f) => isServable(f) && isPassed(f) && f.isRequestSeen,
  K4: (f) =>
    (isFound(f) && isBelowFloor(f)) ||
    (isKeyed(f) && f.partnership !== null && f.checkpoint === null && isBelowKept(f)),
  K5: (f) => isKeyed(f) && f.partnership !== null && f.checkpoint === null && !isBelowKept(f),
  K6: (f) => isKeyed(f) && f.partnership === null,
  K7: (f) => f.isPrimary && f.key === 'malformed',
  K8: (f) => !f.isPrimary,
}

const CASES = Object.keys(ROWS) as CaseName[]

function* allFacts(): Generator<KeyFacts> {
  const flags = [false, true]
  const checkpoints: (CheckpointFacts | null)[] = [null]
  for (const cut of [FLOOR - 1, FLOOR, FLOOR + 1])
    for (const hasSuccessor of flags)
      for (const isSuccessorPresented of flags)
        for (const isSiblingPresented of flags)
          for (const hasOtherCollections of flags)
            checkpoints.push({ cut, hasSuccessor, isSuccessorPresented, isSiblingPresented, hasOtherCollections })
  for (const isPrimary of flags)
    for (const key of ['malformed', 0, { n: 4, tag: TAG }, { n: 5, tag: TAG }, { n: 6, tag: TAG }] as const)
      for (const partnership of [null, { oldestKept: null }, { oldestKept: 5 }])
        for (const checkpoint of checkpoints)
          for (const isRequestSeen of flags)
            for (const isRestoreSeen of flags)
              for (const rollbackTo of [null, NAME])
                yield {
                  isPrimary,
                  key,
                  partnership,
                  checkpoint,
                  logFloor: FLOOR,
                  isRequestSeen,
                  isRestoreSeen,
                  rollbackTo,
                }
}

function expectedVerdict(f: KeyFacts, name: CaseName): Verdict {
  const hasOtherCollections = f.checkpoint?.hasOtherCollections === true
  switch (name) {
    case 'K0':
      return { case: name, action: 'begin' }
    case 'K1':
    case 'K1c':
    case 'K2':
      return { case: name, action: 'serve', hasOtherCollections }
    case 'K3':
      return { case: name, action: 'fork', hasOtherCollections }
    case "K3'":
      return { case: name, action: 'repeat' }
    case 'K4':
      return {
        case: name,
        action: 'expired',
        reason: f.checkpoint === null ? 'thinned' : 'log-floor',
        reset: f.isRestoreSeen ? 'upload' : 'apply',
      }
    case 'K5':
      return { case: name, action: 'roll-back', reason: 'regressed', rollbackTo: f.rollbackTo }
    case 'K6':
      return { case: name, action: 'roll-back', reason: 'unknown', rollbackTo: f.rollbackTo }
    case 'K7':
      return { case: name, action: 'malformed' }
    case 'K8':
      return { case: name, action: 'behind' }
  }
}

describe('every combination of facts', () => {
  it('has exactly one row in the table, and gets that row’s verdict', () => {
    const seen = new Set<CaseName>()
    let combinations = 0
    for (const facts of allFacts()) {
      combinations += 1
      const rows = CASES.filter((name) => ROWS[name](facts))
      const [row] = rows
      assert(row !== undefined && rows.length === 1, `${rows.join(', ')} for ${JSON.stringify(facts)}`)
      seen.add(row)
      // As text, since a matcher for each of the combinations would take seconds.
      assert.equal(JSON.stringify(judgeKey(facts)), JSON.stringify(expectedVerdict(facts, row)), JSON.stringify(facts))
    }
    expect(combinations).toBe(2 * 5 * 3 * (1 + 3 * 16) * 2 * 2 * 2)
    expect([...seen].toSorted()).toEqual(CASES.toSorted())
  })

  it('that differ only in who owns an unknown partnership get the same answer', () => {
    for (const facts of allFacts()) {
      if (facts.partnership !== null || typeof facts.key !== 'object' || !facts.isPrimary) continue
      // Nothing of a checkpoint that a look-up by key alone might find shows in the verdict.
      expect(judgeKey(facts)).toEqual(
        judgeKey({ ...facts, checkpoint: null, isRequestSeen: false, isRestoreSeen: false }),
      )
    }
  })
})
