import { describe, expect, it } from 'vitest'
import type { Problem, ProblemCode } from '../wire/problem.ts'
import { PROBLEM_STATUS } from '../wire/problem.ts'
import type { CheckpointName } from '../sync-key.ts'
import {
  DEGRADED_WAIT_MS,
  INITIAL_MEMORY,
  type InitiatorEffect,
  type InitiatorEvent,
  type InitiatorState,
  MAX_RESETS,
  type Memory,
  type Sent,
  type WakeReason,
} from './state.ts'
import { stateFromMemory, transition } from './transition.ts'

type StateType = InitiatorState['type']
type EventType = InitiatorEvent['type']

const NOW = 1_000_000
const CHANCE = { nowMs: NOW, random: 0.5 }
const TO: CheckpointName = { partnershipId: 'b'.repeat(32), n: 2, tag: 'c'.repeat(32) }
const SENT: Sent = { mutations: 4, firstMutation: 'first', isSettled: true, isAuthRefreshed: false, staleAnswers: 0 }

/** One variant of a cell: what is special about memory or ask, the event, and what must come of it. */
interface Variant {
  readonly name: string
  readonly event: InitiatorEvent
  readonly memory?: Partial<Memory>
  readonly sent?: Partial<Sent>
  readonly to: StateType
  readonly effects: readonly InitiatorEffect['type'][]
  /** Facts that the memory must have afterwards. */
  readonly leaves?: Partial<Memory>
}

/** «ignored»: the state stays as it is and nothing is to be done. */
type Cell = 'ignored' | readonly Variant[]

function wake(reason: WakeReason, nowMs = NOW): InitiatorEvent {
  return { type: 'wake', reason, nowMs }
}

function problem(
  code: Exclude<ProblemCode, 'invalid-key' | 'expired'>,
  retryAfterMs: number | null = null,
): InitiatorEvent {
  return {
    type: 'problem',
    problem: { protocol: 1, status: PROBLEM_STATUS[code], title: '', requestId: null, code },
    retryAfterMs,
    ...CHANCE,
  }
}

function invalidKey(rollbackTo: CheckpointName | null): InitiatorEvent {
  const body: Problem = {
    protocol: 1,
    status: 409,
    title: '',
    requestId: null,
    code: 'invalid-key',
    reason: 'regressed',
    rollbackTo,
  }
  return { type: 'problem', problem: body, retryAfterMs: null, ...CHANCE }
}

const EXPIRED: InitiatorEvent = {
  type: 'problem',
  problem: { protocol: 1, status: 410, title: '', requestId: null, code: 'expired', reason: 'thinned', reset: 'apply' },
  retryAfterMs: null,
  ...CHANCE,
}

const EVENTS: Readonly<Record<EventType, InitiatorEvent>> = {
  wake: wake('start'),
  sent: { type: 'sent', mutations: 3, firstMutation: 'first', isSettled: true },
  page: { type: 'page' },
  committed: { type: 'committed', result: 'applied', ...CHANCE },
  replyEnded: { type: 'replyEnded', hasMore: false },
  problem: problem('internal'),
  failed: { type: 'failed', reason: 'network', ...CHANCE },
  authRefreshed: { type: 'authRefreshed', isSignedIn: true },
  rolledBack: { type: 'rolledBack', result: 'done', ...CHANCE },
  resyncBegun: { type: 'resyncBegun', result: 'done', ...CHANCE },
  stop: { type: 'stop' },
}

const UNTIL = NOW + 60_000
const HALTED = { halt: 'sign-in' } as const
const WAITING = { wait: { untilMs: UNTIL, reason: 'busy' } } as const
const DEGRADED = { resets: MAX_RESETS, wait: { untilMs: NOW + DEGRADED_WAIT_MS, reason: 'degraded' } } as const

function stateOf(type: StateType, memoryFacts: Partial<Memory> = {}, sentFacts: Partial<Sent> = {}): InitiatorState {
  const memory: Memory = { ...INITIAL_MEMORY, ...memoryFacts }
  const sent = { ...SENT, ...sentFacts }
  switch (type) {
    case 'idle':
    case 'rollingBack':
    case 'resyncing':
      return { type, memory }
    case 'asking':
    case 'committing':
      return { type, memory, sent }
    case 'waiting':
      return stateFromMemory({ ...memory, ...WAITING, ...memoryFacts })
    case 'halted':
      return stateFromMemory({ ...memory, ...HALTED, ...memoryFacts })
    case 'degraded':
      return stateFromMemory({ ...memory, ...DEGRADED, ...memoryFacts })
  }
}

const probing = (limit: number, aloneFailures = 0): Partial<Memory> => ({
  search: { type: 'probing', limit, suspect: aloneFailures > 0 ? 'first' : null, aloneFailures },
})
const halving = (limit: number, aloneFailures = 0): Partial<Memory> => ({
  search: { type: 'halving', limit, suspect: aloneFailures > 0 ? 'first' : null, aloneFailures },
})
const noSearch = (sameAskFailures = 0): Partial<Memory> => ({ search: { type: 'none', sameAskFailures } })

const STOP: readonly Variant[] = [{ name: 'ends the run', event: EVENTS.stop, to: 'idle', effects: ['end'] }]

const TABLE: Readonly<Record<StateType, Readonly<Record<EventType, Cell>>>> = {
  idle: {
    wake: (['start', 'write', 'nudge', 'online', 'timer', 'sync-event', 'retry', 'sign-in'] as const).map((reason) => ({
      name: reason,
      event: wake(reason),
      to: 'asking',
      effects: ['ask'],
    })),
    sent: 'ignored',
    page: 'ignored',
    committed: 'ignored',
    replyEnded: 'ignored',
    problem: 'ignored',
    failed: 'ignored',
    authRefreshed: 'ignored',
    rolledBack: 'ignored',
    resyncBegun: 'ignored',
    stop: STOP,
  },
  asking: {
    wake: 'ignored',
    sent: [{ name: 'is remembered', event: EVENTS.sent, to: 'asking', effects: [] }],
    page: [{ name: 'is to be committed', event: EVENTS.page, to: 'committing', effects: ['commitPage'] }],
    committed: 'ignored',
    replyEnded: [
      {
        name: 'up to date',
        event: EVENTS.replyEnded,
        to: 'idle',
        effects: ['end'],
        leaves: { isKeyUnconfirmed: true },
      },
      { name: 'more waits', event: { type: 'replyEnded', hasMore: true }, to: 'asking', effects: ['ask'] },
      {
        name: 'an answer doubles what the next ask carries',
        event: EVENTS.replyEnded,
        memory: { askLimit: 4 },
        to: 'idle',
        effects: ['end'],
        leaves: { askLimit: 8 },
      },
      {
        name: 'until it is as many as fit',
        event: EVENTS.replyEnded,
        memory: { askLimit: 512 },
        to: 'idle',
        effects: ['end'],
        leaves: { askLimit: null },
      },
      {
        name: 'an ask without mutations says nothing about how many pass',
        event: EVENTS.replyEnded,
        memory: { askLimit: 4 },
        sent: { mutations: 0, firstMutation: null },
        to: 'idle',
        effects: ['end'],
        leaves: { askLimit: 4 },
      },
      {
        name: 'an unsettled key confirms nothing',
        event: EVENTS.replyEnded,
        sent: { isSettled: false },
        to: 'idle',
        effects: ['end'],
        leaves: { isKeyUnconfirmed: false },
      },
      {
        name: 'the probe passed: half of the mutations',
        event: { type: 'replyEnded', hasMore: true },
        memory: probing(4),
        to: 'asking',
        effects: ['ask'],
        leaves: halving(2),
      },
      {
        name: 'the probe passed with one suspect: it is tried alone, since an outage may have been the cause',
        event: { type: 'replyEnded', hasMore: true },
        memory: probing(1),
        to: 'asking',
        effects: ['ask'],
        leaves: halving(1),
      },
      {
        name: 'the probe passed and the suspect failed alone three times: it is set aside',
        event: { type: 'replyEnded', hasMore: true },
        memory: probing(1, 3),
        to: 'asking',
        effects: ['setAside', 'ask'],
        leaves: noSearch(),
      },
      {
        name: 'halving goes on with the next',
        event: { type: 'replyEnded', hasMore: true },
        memory: halving(1, 2),
        to: 'asking',
        effects: ['ask'],
        leaves: halving(1, 0),
      },
      {
        name: 'halving ends with the outbox',
        event: EVENTS.replyEnded,
        memory: halving(2),
        to: 'idle',
        effects: ['end'],
        leaves: noSearch(),
      },
    ],
    problem: [
      { name: 'malformed', event: problem('malformed'), to: 'waiting', effects: ['end'], leaves: noSearch(1) },
      { name: 'unauthenticated', event: problem('unauthenticated'), to: 'asking', effects: ['refreshAuth'] },
      {
        name: 'unauthenticated twice',
        event: problem('unauthenticated'),
        sent: { isAuthRefreshed: true },
        to: 'halted',
        effects: ['end'],
        leaves: { halt: 'sign-in' },
      },
      { name: 'forbidden', event: problem('forbidden'), to: 'halted', effects: ['end'], leaves: { halt: 'forbidden' } },
      {
        name: 'forbidden in between',
        event: problem('forbidden'),
        memory: { accessEndedRuns: 1 },
        to: 'halted',
        effects: ['end'],
        leaves: { accessEndedRuns: 0 },
      },
      {
        name: 'access-ended once',
        event: problem('access-ended'),
        to: 'waiting',
        effects: ['end'],
        leaves: { accessEndedRuns: 1 },
      },
      {
        name: 'access-ended in two runs',
        event: problem('access-ended'),
        memory: { accessEndedRuns: 1 },
        to: 'halted',
        effects: ['removeAccess', 'end'],
        leaves: { halt: 'access-ended' },
      },
      {
        name: 'account-mismatch',
        event: problem('account-mismatch'),
        to: 'halted',
        effects: ['end'],
        leaves: { halt: 'account-mismatch' },
      },
      {
        name: 'other-app: nothing is suspected, removed or rolled back',
        event: problem('other-app'),
        to: 'waiting',
        effects: ['end'],
        leaves: { search: INITIAL_MEMORY.search, halt: null, resets: 0 },
      },
      { name: 'not-found', event: problem('not-found'), to: 'waiting', effects: ['end'], leaves: noSearch(1) },
      {
        name: 'method-not-allowed',
        event: problem('method-not-allowed'),
        to: 'waiting',
        effects: ['end'],
        leaves: noSearch(1),
      },
      { name: 'invalid-key', event: invalidKey(TO), to: 'rollingBack', effects: ['rollBack'], leaves: { resets: 1 } },
      {
        name: 'invalid-key in mid-search',
        event: invalidKey(TO),
        memory: probing(1, 2),
        to: 'rollingBack',
        effects: ['rollBack'],
        leaves: noSearch(),
      },
      {
        name: 'invalid-key, nothing in common',
        event: invalidKey(null),
        to: 'resyncing',
        effects: ['beginResync'],
        leaves: { resets: 1 },
      },
      { name: 'expired', event: EXPIRED, to: 'resyncing', effects: ['beginResync'], leaves: { resets: 1 } },
      {
        name: 'a fourth reset in a row',
        event: invalidKey(TO),
        memory: { resets: 3 },
        to: 'degraded',
        effects: ['report', 'end'],
        leaves: { wait: { untilMs: NOW + DEGRADED_WAIT_MS, reason: 'degraded' } },
      },
      { name: 'too-large', event: problem('too-large'), to: 'asking', effects: ['ask'], leaves: halving(2) },
      {
        name: 'too-large with one',
        event: problem('too-large'),
        sent: { mutations: 1 },
        to: 'asking',
        effects: ['setAside', 'ask'],
      },
      {
        name: 'too-large with none',
        event: problem('too-large'),
        sent: { mutations: 0 },
        to: 'waiting',
        effects: ['end'],
      },
      { name: 'version', event: problem('version'), to: 'halted', effects: ['end'], leaves: { halt: 'update' } },
      {
        name: 'slow-down',
        event: problem('slow-down', 60_000),
        to: 'waiting',
        effects: ['end'],
        leaves: { wait: { untilMs: NOW + 60_500, reason: 'busy' } },
      },
      { name: 'busy', event: problem('busy'), to: 'waiting', effects: ['end'], leaves: noSearch() },
      { name: 'behind', event: problem('behind'), to: 'waiting', effects: ['end'], leaves: noSearch() },
      {
        name: 'internal',
        event: problem('internal'),
        to: 'waiting',
        effects: ['end'],
        leaves: { wait: { untilMs: NOW + 500, reason: 'server-error' } },
      },
      {
        name: 'internal with Retry-After',
        event: problem('internal', 60_000),
        to: 'waiting',
        effects: ['end'],
        leaves: { wait: { untilMs: NOW + 60_500, reason: 'busy' }, ...noSearch(1) },
      },
    ],
    failed: [
      {
        name: 'network accuses nobody',
        event: EVENTS.failed,
        to: 'waiting',
        effects: ['end'],
        leaves: { failures: 1, ...noSearch(0) },
      },
      {
        name: 'the third in a row halves the next ask and accuses nobody',
        event: EVENTS.failed,
        memory: { failures: 2 },
        to: 'waiting',
        effects: ['end'],
        leaves: { failures: 3, askLimit: 2, ...noSearch(0) },
      },
      {
        name: 'a timeout halves it further',
        event: { type: 'failed', reason: 'timeout', ...CHANCE },
        memory: { failures: 3, askLimit: 2 },
        sent: { mutations: 2 },
        to: 'waiting',
        effects: ['end'],
        leaves: { askLimit: 1, ...noSearch(0) },
      },
      {
        name: 'a single mutation is the smallest ask',
        event: EVENTS.failed,
        memory: { failures: 9, askLimit: 1 },
        sent: { mutations: 1 },
        to: 'waiting',
        effects: ['end'],
        leaves: { askLimit: 1, ...noSearch(0) },
      },
      {
        name: 'a server error is counted',
        event: { type: 'failed', reason: 'server-error', ...CHANCE },
        to: 'waiting',
        effects: ['end'],
        leaves: noSearch(1),
      },
      {
        name: 'the third of the same ask: one without mutations is tried',
        event: { type: 'failed', reason: 'not-our-partner', ...CHANCE },
        memory: noSearch(2),
        to: 'waiting',
        effects: ['end'],
        leaves: probing(4),
      },
      {
        name: 'without mutations it accuses nobody',
        event: { type: 'failed', reason: 'server-error', ...CHANCE },
        memory: noSearch(2),
        sent: { mutations: 0 },
        to: 'waiting',
        effects: ['end'],
        leaves: noSearch(2),
      },
      {
        name: 'a failing probe is tried again',
        event: { type: 'failed', reason: 'server-error', ...CHANCE },
        memory: probing(4),
        sent: { mutations: 0 },
        to: 'waiting',
        effects: ['end'],
        leaves: probing(4),
      },
      {
        name: 'a failing half is probed',
        event: { type: 'failed', reason: 'server-error', ...CHANCE },
        memory: halving(4),
        to: 'waiting',
        effects: ['end'],
        leaves: probing(4),
      },
      {
        name: 'a failure alone is counted',
        event: { type: 'failed', reason: 'server-error', ...CHANCE },
        memory: halving(1, 1),
        sent: { mutations: 1 },
        to: 'waiting',
        effects: ['end'],
        leaves: probing(1, 2),
      },
      {
        name: 'a failure of another one alone begins a count of its own',
        event: { type: 'failed', reason: 'server-error', ...CHANCE },
        memory: halving(1, 2),
        sent: { mutations: 1, firstMutation: 'sent again by the app' },
        to: 'waiting',
        effects: ['end'],
        leaves: { search: { type: 'probing', limit: 1, suspect: 'sent again by the app', aloneFailures: 1 } },
      },
    ],
    authRefreshed: [
      { name: 'signed in', event: EVENTS.authRefreshed, to: 'asking', effects: ['ask'] },
      {
        name: 'not signed in',
        event: { type: 'authRefreshed', isSignedIn: false },
        to: 'halted',
        effects: ['end'],
        leaves: HALTED,
      },
    ],
    rolledBack: 'ignored',
    resyncBegun: 'ignored',
    stop: STOP,
  },
  committing: {
    wake: 'ignored',
    sent: 'ignored',
    page: 'ignored',
    committed: [
      {
        name: 'applied heals',
        event: EVENTS.committed,
        memory: { failures: 7, accessEndedRuns: 1, resets: 2 },
        to: 'asking',
        effects: [],
        leaves: { failures: 0, accessEndedRuns: 0, resets: 2 },
      },
      {
        name: 'applied to a key that was unconfirmed confirms the exchange',
        event: EVENTS.committed,
        memory: { resets: 2, isKeyUnconfirmed: true },
        to: 'asking',
        effects: [],
        leaves: { resets: 0 },
      },
      {
        name: 'applied to an unsettled key confirms nothing',
        event: EVENTS.committed,
        memory: { resets: 2, isKeyUnconfirmed: true },
        sent: { isSettled: false },
        to: 'asking',
        effects: [],
        leaves: { resets: 2 },
      },
      {
        name: 'stale',
        event: { type: 'committed', result: 'stale', ...CHANCE },
        memory: probing(1, 3),
        to: 'asking',
        effects: ['ask'],
        leaves: noSearch(),
      },
      {
        name: 'stale three times',
        event: { type: 'committed', result: 'stale', ...CHANCE },
        sent: { staleAnswers: 2 },
        to: 'waiting',
        effects: ['end'],
      },
      {
        name: 'a wrong digest',
        event: { type: 'committed', result: 'digest-mismatch', ...CHANCE },
        to: 'asking',
        effects: ['report', 'ask'],
        leaves: { isDigestDoubted: true },
      },
      {
        name: 'a wrong digest again',
        event: { type: 'committed', result: 'digest-mismatch', ...CHANCE },
        memory: { isDigestDoubted: true },
        to: 'resyncing',
        effects: ['beginResync'],
        leaves: { isDigestDoubted: false, resets: 1 },
      },
      {
        name: 'failed',
        event: { type: 'committed', result: 'failed', ...CHANCE },
        to: 'waiting',
        effects: ['end'],
        leaves: { wait: { untilMs: NOW + 500, reason: 'storage' } },
      },
    ],
    replyEnded: 'ignored',
    problem: 'ignored',
    failed: 'ignored',
    authRefreshed: 'ignored',
    rolledBack: 'ignored',
    resyncBegun: 'ignored',
    stop: STOP,
  },
  rollingBack: {
    wake: 'ignored',
    sent: 'ignored',
    page: 'ignored',
    committed: 'ignored',
    replyEnded: 'ignored',
    problem: 'ignored',
    failed: 'ignored',
    authRefreshed: 'ignored',
    rolledBack: [
      { name: 'done', event: EVENTS.rolledBack, to: 'asking', effects: ['ask'] },
      {
        name: 'stale',
        event: { type: 'rolledBack', result: 'stale', ...CHANCE },
        memory: { resets: 1 },
        to: 'asking',
        effects: ['ask'],
        leaves: { resets: 1 },
      },
      {
        name: 'unrestorable: the same reset the longer way',
        event: { type: 'rolledBack', result: 'unrestorable', ...CHANCE },
        memory: { resets: 3 },
        to: 'resyncing',
        effects: ['beginResync'],
        leaves: { resets: 3 },
      },
      {
        name: 'failed is no reset',
        event: { type: 'rolledBack', result: 'failed', ...CHANCE },
        memory: { resets: 3 },
        to: 'waiting',
        effects: ['end'],
        leaves: { resets: 2 },
      },
    ],
    resyncBegun: 'ignored',
    stop: STOP,
  },
  resyncing: {
    wake: 'ignored',
    sent: 'ignored',
    page: 'ignored',
    committed: 'ignored',
    replyEnded: 'ignored',
    problem: 'ignored',
    failed: 'ignored',
    authRefreshed: 'ignored',
    rolledBack: 'ignored',
    resyncBegun: [
      { name: 'done', event: EVENTS.resyncBegun, to: 'asking', effects: ['ask'] },
      { name: 'stale', event: { type: 'resyncBegun', result: 'stale', ...CHANCE }, to: 'asking', effects: ['ask'] },
      {
        name: 'failed is no reset',
        event: { type: 'resyncBegun', result: 'failed', ...CHANCE },
        memory: { resets: 1 },
        to: 'waiting',
        effects: ['end'],
        leaves: { resets: 0 },
      },
    ],
    stop: STOP,
  },
  waiting: {
    wake: [
      { name: 'too early', event: wake('timer'), to: 'waiting', effects: ['end'] },
      { name: 'on time', event: wake('timer', UNTIL), to: 'asking', effects: ['ask'], leaves: { wait: null } },
      {
        name: 'after the clock was set back by a day',
        event: wake('timer', NOW - 86_400_000),
        to: 'asking',
        effects: ['ask'],
      },
      { name: 'a nudge does not break Retry-After', event: wake('nudge'), to: 'waiting', effects: ['end'] },
      { name: 'nor does a start', event: wake('start'), to: 'waiting', effects: ['end'] },
      { name: 'the user does', event: wake('retry'), to: 'asking', effects: ['ask'] },
      {
        name: 'connectivity ends a wait for the network',
        event: wake('online'),
        memory: { wait: { untilMs: UNTIL, reason: 'network' } },
        to: 'asking',
        effects: ['ask'],
      },
      {
        name: 'a write does not',
        event: wake('write'),
        memory: { wait: { untilMs: UNTIL, reason: 'network' } },
        to: 'waiting',
        effects: ['end'],
      },
    ],
    sent: 'ignored',
    page: 'ignored',
    committed: 'ignored',
    replyEnded: 'ignored',
    problem: 'ignored',
    failed: 'ignored',
    authRefreshed: 'ignored',
    rolledBack: 'ignored',
    resyncBegun: 'ignored',
    stop: [{ name: 'the wait outlives the run', event: EVENTS.stop, to: 'waiting', effects: ['end'], leaves: WAITING }],
  },
  halted: {
    wake: [
      ...(['start', 'retry', 'sign-in'] as const).map((reason): Variant => ({
        name: reason,
        event: wake(reason),
        to: 'asking',
        effects: ['ask'],
        leaves: { halt: null },
      })),
      ...(['write', 'nudge', 'online', 'timer', 'sync-event'] as const).map((reason): Variant => ({
        name: reason,
        event: wake(reason),
        to: 'halted',
        effects: ['end'],
        leaves: HALTED,
      })),
    ],
    sent: 'ignored',
    page: 'ignored',
    committed: 'ignored',
    replyEnded: 'ignored',
    problem: 'ignored',
    failed: 'ignored',
    authRefreshed: 'ignored',
    rolledBack: 'ignored',
    resyncBegun: 'ignored',
    stop: [{ name: 'the halt outlives the run', event: EVENTS.stop, to: 'halted', effects: ['end'], leaves: HALTED }],
  },
  degraded: {
    wake: [
      ...(['start', 'write', 'nudge', 'online', 'timer', 'sync-event', 'sign-in'] as const).map((reason): Variant => ({
        name: `${reason}, too early`,
        event: wake(reason),
        to: 'degraded',
        effects: ['end'],
      })),
      {
        name: 'after an hour',
        event: wake('timer', NOW + DEGRADED_WAIT_MS),
        to: 'asking',
        effects: ['ask'],
        leaves: { resets: 2 },
      },
      { name: 'the user asks for it', event: wake('retry'), to: 'asking', effects: ['ask'], leaves: { resets: 2 } },
      { name: 'after the clock was set back', event: wake('timer', NOW - 1), to: 'asking', effects: ['ask'] },
    ],
    sent: 'ignored',
    page: 'ignored',
    committed: 'ignored',
    replyEnded: 'ignored',
    problem: 'ignored',
    failed: 'ignored',
    authRefreshed: 'ignored',
    rolledBack: 'ignored',
    resyncBegun: 'ignored',
    stop: [
      { name: 'degraded outlives the run', event: EVENTS.stop, to: 'degraded', effects: ['end'], leaves: DEGRADED },
    ],
  },
}

const STATES = Object.keys(TABLE) as StateType[]
const CELLS = STATES.flatMap((stateType) =>
  (Object.keys(EVENTS) as EventType[]).map((eventType) => ({
    stateType,
    eventType,
    cell: TABLE[stateType][eventType],
  })),
)
const IGNORED = CELLS.filter(({ cell }) => cell === 'ignored')
const VARIANTS = CELLS.flatMap(({ stateType, eventType, cell }) =>
  cell === 'ignored' ? [] : cell.map((variant) => ({ stateType, eventType, ...variant })),
)

describe('the initiator’s table', () => {
  it.each(IGNORED)('while $stateType ignores $eventType', ({ stateType, eventType }) => {
    const state = stateOf(stateType)
    const step = transition(state, EVENTS[eventType])
    expect(step.state).toBe(state)
    expect(step.effects).toEqual([])
  })

  it.each(VARIANTS)('while $stateType, on $eventType ($name), is $to and does $effects', (variant) => {
    expect(variant.event.type).toBe(variant.eventType)
    const step = transition(stateOf(variant.stateType, variant.memory, variant.sent), variant.event)
    expect(step.state.type).toBe(variant.to)
    expect(step.effects.map((effect) => effect.type)).toEqual(variant.effects)
    expect(step.state.memory).toMatchObject(variant.leaves ?? {})
  })

  it('has a variant for every code of a problem', () => {
    const codes = new Set(VARIANTS.flatMap(({ event }) => (event.type === 'problem' ? [event.problem.code] : [])))
    expect([...codes].toSorted()).toEqual(Object.keys(PROBLEM_STATUS).toSorted())
  })
})

function first(state: InitiatorState, event: InitiatorEvent): InitiatorEffect | undefined {
  return transition(state, event).effects.at(-1)
}

describe('what an ask carries', () => {
  it('as many mutations as fit, none in a probe, a bounded number while halving', () => {
    expect(first(stateOf('idle'), wake('start'))).toEqual({ type: 'ask', maxMutations: null, withDigest: false })
    expect(first(stateOf('idle', probing(4)), wake('start'))).toMatchObject({ maxMutations: 0 })
    expect(first(stateOf('idle', halving(3)), wake('start'))).toMatchObject({ maxMutations: 3 })
  })

  it('a digest in the one retry after a wrong one', () => {
    const event: InitiatorEvent = { type: 'committed', result: 'digest-mismatch', ...CHANCE }
    expect(first(stateOf('committing'), event)).toMatchObject({ type: 'ask', withDigest: true })
  })

  it('the reset says where to and why', () => {
    expect(first(stateOf('asking'), invalidKey(TO))).toEqual({ type: 'rollBack', to: TO })
    expect(first(stateOf('asking'), invalidKey(null))).toEqual({
      type: 'beginResync',
      reset: 'upload',
      cause: 'regressed',
    })
    expect(first(stateOf('asking'), EXPIRED)).toEqual({ type: 'beginResync', reset: 'apply', cause: 'expired' })
  })
})
