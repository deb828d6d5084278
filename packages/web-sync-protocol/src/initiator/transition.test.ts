import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PROBLEM_STATUS, type Problem, type ProblemCode } from '../wire/problem.ts'
import { checkedTransition, COMMON, simulate, type Take } from './initiator.fixture.ts'
import { DEGRADED_WAIT_MS, INITIAL_MEMORY, type InitiatorEvent, type InitiatorState, MAX_WAIT_MS } from './state.ts'
import { stateFromMemory } from './transition.ts'

const chance = {
  nowMs: fc.integer({ min: 0, max: 10 * DEGRADED_WAIT_MS }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
}

const problem: fc.Arbitrary<Problem> = fc
  .record({
    code: fc.constantFrom(...(Object.keys(PROBLEM_STATUS) as ProblemCode[])),
    rollbackTo: fc.constantFrom(null, COMMON),
    reset: fc.constantFrom('apply' as const, 'upload' as const),
  })
  .map(({ code, rollbackTo, reset }): Problem => {
    const common = { protocol: 1, status: PROBLEM_STATUS[code], title: '', requestId: null }
    if (code === 'invalid-key') return { ...common, code, reason: 'regressed', rollbackTo }
    if (code === 'expired') return { ...common, code, reason: 'thinned', reset }
    return { ...common, code }
  })

/** One event of each type; which of them happens depends on the state, so that long sensible sequences are common. */
const events: fc.Arbitrary<readonly InitiatorEvent[]> = fc.tuple(
  fc.record({
    type: fc.constant('wake' as const),
    reason: fc.constantFrom('start' as const, 'write', 'nudge', 'online', 'timer', 'sync-event', 'retry', 'sign-in'),
    nowMs: chance.nowMs,
  }),
  fc.nat(9).chain((mutations) =>
    fc.record({
      type: fc.constant('sent' as const),
      mutations: fc.constant(mutations),
      firstMutation: mutations === 0 ? fc.constant(null) : fc.constantFrom('a', 'b'),
      isSettled: fc.boolean(),
    }),
  ),
  fc.record({ type: fc.constant('page' as const) }),
  fc.record({
    type: fc.constant('committed' as const),
    result: fc.constantFrom('applied' as const, 'stale', 'digest-mismatch', 'failed'),
    ...chance,
  }),
  fc.record({ type: fc.constant('replyEnded' as const), hasMore: fc.boolean() }),
  fc.record({
    type: fc.constant('problem' as const),
    problem,
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 2 * MAX_WAIT_MS })),
    ...chance,
  }),
  fc.record({
    type: fc.constant('failed' as const),
    reason: fc.constantFrom('network' as const, 'timeout', 'not-our-partner', 'busy', 'server-error', 'storage'),
    ...chance,
  }),
  fc.record({ type: fc.constant('authRefreshed' as const), isSignedIn: fc.boolean() }),
  fc.record({
    type: fc.constant('rolledBack' as const),
    result: fc.constantFrom('done' as const, 'stale', 'unrestorable', 'failed'),
    ...chance,
  }),
  fc.record({
    type: fc.constant('resyncBegun' as const),
    result: fc.constantFrom('done' as const, 'stale', 'failed'),
    ...chance,
  }),
  fc.record({ type: fc.constant('stop' as const) }),
)

/** Events that each state waits for; the empty name stands for any event at all. */
const EXPECTED: Readonly<Record<InitiatorState['type'], readonly (InitiatorEvent['type'] | '')[]>> = {
  idle: ['wake', 'wake', ''],
  asking: ['sent', 'page', 'page', 'problem', 'problem', 'problem', 'replyEnded', 'failed', 'authRefreshed', ''],
  committing: ['committed', 'committed', 'committed', ''],
  rollingBack: ['rolledBack', 'rolledBack', ''],
  resyncing: ['resyncBegun', 'resyncBegun', ''],
  waiting: ['wake', 'wake', ''],
  halted: ['wake', 'wake', ''],
  degraded: ['wake', 'wake', ''],
}

const upTo = (max: number): number[] => Array.from({ length: max }, (_, index) => index)

describe('any sequence of events', () => {
  it('keeps the invariants 1 to 11 after every step, and reaches every state', () => {
    const seen = new Set<InitiatorState['type']>()
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.array(fc.tuple(events, fc.nat()), { minLength: 10, maxLength: 40 }),
        (resets, steps) => {
          let state = stateFromMemory({ ...INITIAL_MEMORY, resets })
          for (const [choices, choice] of steps) {
            const types = EXPECTED[state.type]
            const event =
              choices.find(({ type }) => type === types[choice % types.length]) ?? choices[choice % choices.length]
            if (event !== undefined) ({ state } = checkedTransition(state, event))
            seen.add(state.type)
          }
        },
      ),
      { numRuns: 500 },
    )
    expect(seen.size).toBe(8)
  })
})

describe('the search for a mutation that always fails', () => {
  const how = fc.constantFrom<Take>('server-error', 'not-our-partner')

  it('sets exactly the culprit aside, all others are accepted in order, within a bounded number of asks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), how, (size, chosen, failure) => {
        const culprit = chosen % size
        const take = (mutations: readonly number[]): Take => (mutations.includes(culprit) ? failure : 'accept')
        const run = simulate(upTo(size), take, { maxAsks: 1_000 })
        expect(run.setAside).toEqual([culprit])
        expect(run.accepted).toEqual(upTo(size).filter((mutation) => mutation !== culprit))
        expect(run.state.type).toBe('idle')
        expect(run.asks).toBeLessThanOrEqual(12 + 4 * Math.ceil(Math.log2(size + 1)))
      }),
      { numRuns: 100 },
    )
  })

  it('finds each of several culprits', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(49), { minLength: 1, maxLength: 6 }), (culprits) => {
        const take = (mutations: readonly number[]): Take =>
          mutations.some((mutation) => culprits.includes(mutation)) ? 'server-error' : 'accept'
        const run = simulate(upTo(50), take, { maxAsks: 1_000 })
        expect(run.setAside).toEqual(culprits.toSorted((a, b) => a - b))
        expect(run.accepted).toHaveLength(50 - culprits.length)
      }),
      { numRuns: 50 },
    )
  })

  it('accuses nobody where only the partner was out of order, however long, and however many writes waited', () => {
    for (let size = 1; size <= 5; size += 1) {
      for (let length = 1; length <= 15; length += 1) {
        for (const failure of ['server-error', 'not-our-partner'] as const) {
          const run = simulate(upTo(size), (_, ask) => (ask <= length ? failure : 'accept'), { maxAsks: 1_000 })
          expect(run.setAside).toEqual([])
          expect(run.accepted).toEqual(upTo(size))
        }
      }
    }
  })

  it('an outage in the middle of the search sets no innocent aside', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        fc.nat(30),
        fc.integer({ min: 1, max: 20 }),
        how,
        (size, chosen, from, length, failure) => {
          const culprit = chosen % size
          const take = (mutations: readonly number[], ask: number): Take =>
            (ask > from && ask <= from + length) || mutations.includes(culprit) ? failure : 'accept'
          const run = simulate(upTo(size), take, { maxAsks: 1_000 })
          expect(run.setAside).toEqual([culprit])
          expect(run.accepted).toEqual(upTo(size).filter((mutation) => mutation !== culprit))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('asks that are too large are halved at once, and only a mutation that is too large alone is set aside', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        const bytes = (mutations: readonly number[]): number =>
          mutations.reduce((sum, index) => sum + (sizes[index] ?? 0), 0)
        const run = simulate(upTo(sizes.length), (mutations) => (bytes(mutations) > 10 ? 'too-large' : 'accept'), {
          maxAsks: 2_000,
        })
        expect(run.setAside).toEqual(upTo(sizes.length).filter((index) => (sizes[index] ?? 0) > 10))
        expect(run.accepted).toEqual(upTo(sizes.length).filter((index) => (sizes[index] ?? 0) <= 10))
        expect(run.elapsedMs).toBeLessThanOrEqual(run.asks * 100)
      }),
      { numRuns: 100 },
    )
  })
})

describe('what must not go on for ever', () => {
  it('a partner that always resets: after three resets one attempt an hour', () => {
    for (const take of ['roll-back', 'wrong-digest'] as const) {
      const run = simulate([1], () => take, { maxAsks: 200 })
      expect(run.states).toContain('degraded')
      expect(run.elapsedMs).toBeGreaterThan(20 * DEGRADED_WAIT_MS)
    }
  })

  it('a partner that resets every second exchange: no exchange is ever confirmed, so it ends in degraded too', () => {
    const run = simulate(upTo(100), (_, ask) => (ask % 2 === 0 ? 'roll-back' : 'accept'), {
      maxAsks: 60,
      isNeverDone: true,
    })
    expect(run.states).toContain('degraded')
    expect(run.elapsedMs).toBeGreaterThan(5 * DEGRADED_WAIT_MS)
  })

  it('in degraded the hourly attempt may do one reset, and success ends it', () => {
    let resets = 0
    const take = (_: readonly number[], ask: number): Take => {
      if (ask <= 4) return 'roll-back'
      if (resets === 0) {
        resets += 1
        return 'roll-back'
      }
      return 'accept'
    }
    const run = simulate([1], take, { maxAsks: 200 })
    expect(run.states).toContain('degraded')
    expect(run.state.type).toBe('idle')
    expect(run.accepted).toEqual([1])
  })

  it('a store whose key is always another one: the asks are spaced out', () => {
    const run = simulate([1], () => 'stale', { maxAsks: 200 })
    expect(run.accepted).toEqual([])
    expect(run.elapsedMs).toBeGreaterThan(10 * MAX_WAIT_MS)
  })

  it('an outage of days: the asks come ever more seldom, at most 15 minutes apart', () => {
    const run = simulate([1], () => 'network', { maxAsks: 100, randoms: [0.999] })
    const averageMs = run.elapsedMs / run.asks
    expect(averageMs).toBeGreaterThan(MAX_WAIT_MS * 0.8)
    expect(averageMs).toBeLessThanOrEqual(MAX_WAIT_MS + 1_000)
  })

  it.each(['network', 'busy', 'server-error', 'not-our-partner'] as const)(
    'an ask that always dies by its size alone (%s) gets smaller: all are accepted in order, nobody is set aside',
    (failure) => {
      const outbox = Array.from({ length: 100 }, (_, index) => index)
      const run = simulate(outbox, (mutations) => (mutations.length > 3 ? failure : 'accept'), { maxAsks: 500 })
      expect(run.accepted).toEqual(outbox)
      expect(run.setAside).toEqual([])
    },
  )

  it('after an outage the asks are as large as before within eleven answers', () => {
    const sizes: number[] = []
    const outbox = Array.from({ length: 2_000 }, (_, index) => index)
    const take = (mutations: readonly number[]): Take => (sizes.push(mutations.length) <= 40 ? 'network' : 'accept')
    const run = simulate(outbox, take, { maxAsks: 100 })
    expect(sizes[39]).toBe(1)
    expect(run.accepted).toEqual(outbox)
    expect(run.asks).toBe(40 + 11)
  })

  it('a busy partner is asked again no sooner than it said', () => {
    const run = simulate([1], (_, ask) => (ask <= 10 ? 'busy' : 'accept'), { maxAsks: 100, randoms: [0] })
    expect(run.elapsedMs).toBeGreaterThanOrEqual(10 * 5_000)
    expect(run.accepted).toEqual([1])
  })
})
