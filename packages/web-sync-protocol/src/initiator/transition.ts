import { LIMITS } from '../limits.ts'
import type { Problem } from '../wire/problem.ts'
import {
  BASE_WAIT_MS,
  DEGRADED_WAIT_MS,
  type FailureReason,
  type HaltCode,
  type InitiatorEffect,
  type InitiatorEvent,
  type InitiatorState,
  MAX_RESETS,
  MAX_SAME_ASK_FAILURES,
  MAX_STALE_ANSWERS,
  MAX_WAIT_MS,
  type Memory,
  type ResyncCause,
  type Search,
  type Sent,
  type WakeReason,
} from './state.ts'
import type { CheckpointName } from '../sync-key.ts'
import type { ResetKind } from '../wire/problem.ts'

/** The next state, and what is to be done. No effects: the event does not concern this state, nothing changes. */
export interface Step {
  readonly state: InitiatorState
  readonly effects: readonly InitiatorEffect[]
}

type EventOf<T extends InitiatorEvent['type']> = Extract<InitiatorEvent, { type: T }>
type StateOf<T extends InitiatorState['type']> = Extract<InitiatorState, { type: T }>
interface Chance {
  readonly nowMs: number
  readonly random: number
}

/**
 * The initiator's machine (docs/protocol.md section 6).
 *
 *     idle ──wake──► asking ──page──► committing ──applied──► asking ──replyEnded──► idle
 *                      │ 409 ──► rollingBack ──done──► asking            (unrestorable ──► resyncing)
 *                      │ 410, wrong digest twice ──► resyncing ──done──► asking
 *                      │ 5xx, 429, network ──► waiting ──wake──► asking
 *                      │ 401 twice, 403, 426 ──► halted
 *                      └ a 4th reset without a confirmed exchange ──► degraded ──an hour──► asking
 *
 * Pure and total: an event that a state does not expect leaves it as it is. Time and chance arrive inside the events.
 */
export function transition(state: InitiatorState, event: InitiatorEvent): Step {
  // A wait or a halt outlives the run that is stopped.
  if (event.type === 'stop') return end(stateFromMemory(state.memory))
  switch (state.type) {
    case 'idle':
      return event.type === 'wake' ? ask(state.memory) : ignore(state)
    case 'waiting':
      return event.type === 'wake' ? wakeWaiting(state, event) : ignore(state)
    case 'halted':
      return event.type === 'wake' ? wakeHalted(state, event.reason) : ignore(state)
    case 'degraded':
      return event.type === 'wake' ? wakeDegraded(state, event) : ignore(state)
    case 'asking':
      return whileAsking(state, event)
    case 'committing':
      return event.type === 'committed' ? afterCommit(state, event) : ignore(state)
    case 'rollingBack':
      return event.type === 'rolledBack' ? afterRollback(state, event) : ignore(state)
    case 'resyncing':
      return event.type === 'resyncBegun' ? afterResyncBegun(state, event) : ignore(state)
  }
}

/** The state that a stored memory stands for. */
export function stateFromMemory(memory: Memory): InitiatorState {
  if (memory.halt !== null) return { type: 'halted', memory, code: memory.halt }
  if (memory.wait === null) return { type: 'idle', memory }
  if (memory.wait.reason === 'degraded') return { type: 'degraded', memory, untilMs: memory.wait.untilMs }
  return { type: 'waiting', memory, wait: memory.wait }
}

const NO_SEARCH: Search = { type: 'none', sameAskFailures: 0 }
const NOTHING_SENT: Sent = {
  mutations: 0,
  firstMutation: null,
  isSettled: false,
  isAuthRefreshed: false,
  staleAnswers: 0,
}

// --- waking up

/** Reasons that end a wait early: they say that what failed may work now. */
const HOPEFUL: Readonly<Record<FailureReason, readonly WakeReason[]>> = {
  network: ['start', 'nudge', 'online', 'sync-event', 'retry', 'sign-in'],
  timeout: ['start', 'nudge', 'online', 'sync-event', 'retry', 'sign-in'],
  'not-our-partner': ['start', 'nudge', 'online', 'sync-event', 'retry', 'sign-in'],
  'other-app': ['start', 'nudge', 'online', 'sync-event', 'retry', 'sign-in'],
  busy: ['retry'],
  'server-error': ['nudge', 'retry', 'sign-in'],
  storage: ['start', 'retry'],
  'access-doubted': ['start', 'retry', 'sign-in'],
  degraded: ['retry'],
}

function wakeWaiting(state: StateOf<'waiting'>, event: EventOf<'wake'>): Step {
  const { reason } = state.wait
  const isOver = isWaitOver(state.wait.untilMs, MAX_WAIT_MS, event)
  return isOver || HOPEFUL[reason].includes(event.reason) ? ask(state.memory) : end(state)
}

/** A clock that was set back puts off no attempt of a context that has measured the wait, and makes it endless for none. */
function isWaitOver(untilMs: number, longestMs: number, { nowMs, waitedUntilMs }: EventOf<'wake'>): boolean {
  return nowMs >= untilMs || untilMs - nowMs > longestMs || waitedUntilMs === untilMs
}

function wakeHalted(state: StateOf<'halted'>, reason: WakeReason): Step {
  return reason === 'start' || reason === 'retry' || reason === 'sign-in' ? ask(state.memory) : end(state)
}

function wakeDegraded(state: StateOf<'degraded'>, event: EventOf<'wake'>): Step {
  const isOver = isWaitOver(state.untilMs, DEGRADED_WAIT_MS, event)
  if (!isOver && event.reason !== 'retry') return end(state)
  // One reset is allowed to each attempt: without it the attempt could not succeed.
  return ask({ ...state.memory, resets: MAX_RESETS - 1 })
}

// --- an ask under way

function whileAsking(state: StateOf<'asking'>, event: InitiatorEvent): Step {
  switch (event.type) {
    case 'sent': {
      const { mutations, firstMutation, isSettled } = event
      const sent = { ...state.sent, mutations, firstMutation, isSettled }
      return { state: { ...state, sent }, effects: [] }
    }
    case 'page':
      return { state: { ...state, type: 'committing' }, effects: [{ type: 'commitPage' }] }
    case 'replyEnded':
      return afterReply(state, event.hasMore)
    case 'problem':
      return onProblem(state, event)
    case 'failed':
      return wait(accuse({ ...state, memory: shrink(state) }, event.reason), event.reason, event, null)
    case 'authRefreshed':
      return event.isSignedIn
        ? askAgain(state.memory, { ...state.sent, isAuthRefreshed: true })
        : halt(state, 'sign-in')
    case 'wake':
    case 'committed':
    case 'rolledBack':
    case 'resyncBegun':
    case 'stop':
      return ignore(state)
  }
}

function afterReply(state: StateOf<'asking'>, hasMore: boolean): Step {
  const { search } = state.memory
  const memory: Memory = {
    ...state.memory,
    isKeyUnconfirmed: state.memory.isKeyUnconfirmed || state.sent.isSettled,
    isDigestDoubted: hasMore && state.memory.isDigestDoubted,
    search: NO_SEARCH,
    askLimit: grow(state),
  }
  if (search.type === 'probing') return afterProbe(memory, search)
  if (!hasMore) return { state: { type: 'idle', memory }, effects: [{ type: 'end' }] }
  // It goes on with as many: the culprit may be among the next.
  return ask(search.type === 'halving' ? { ...memory, search: { ...search, suspect: null, aloneFailures: 0 } } : memory)
}

/** An ask that carried mutations was answered: the next may carry twice as many. One without says nothing about how many pass. */
function grow({ memory: { askLimit }, sent }: StateOf<'asking'>): number | null {
  if (askLimit === null || sent.mutations === 0) return askLimit
  return askLimit * 2 < LIMITS.mutationsPerAsk ? askLimit * 2 : null
}

/** From the third failure in a row on the next ask is half as large, whatever failed: it may be its size. */
function shrink({ memory, sent }: StateOf<'asking' | 'committing'>): Memory {
  if (sent.mutations < 2 || memory.failures + 1 < MAX_SAME_ASK_FAILURES) return memory
  return { ...memory, askLimit: Math.floor(sent.mutations / 2) }
}

/** Without mutations it passed: it is the fault of one of them, or what was out of order is in order again. So they are tried again, fewer. */
function afterProbe(memory: Memory, search: Extract<Search, { type: 'probing' }>): Step {
  const { suspect, aloneFailures } = search
  if (suspect === null || aloneFailures < MAX_SAME_ASK_FAILURES) {
    const limit = Math.max(1, Math.floor(search.limit / 2))
    return ask({ ...memory, search: { type: 'halving', limit, suspect, aloneFailures } })
  }
  return setAside(memory, suspect, 'undeliverable')
}

function afterCommit(state: StateOf<'committing'>, event: EventOf<'committed'>): Step {
  const { memory, sent } = state
  switch (event.result) {
    case 'applied': {
      const isConfirmed = sent.isSettled && memory.isKeyUnconfirmed
      const resets = isConfirmed ? 0 : memory.resets
      const healed: Memory = { ...memory, resets, failures: 0, accessEndedRuns: 0, wait: null, halt: null }
      return { state: { type: 'asking', memory: healed, sent }, effects: [] }
    }
    case 'stale':
      return afterStale(memory, sent.staleAnswers + 1, event)
    case 'digest-mismatch':
      if (memory.isDigestDoubted) {
        return beginResync({ ...memory, isDigestDoubted: false }, 'upload', 'digest-mismatch', event)
      }
      return flagDigest(memory)
    case 'failed':
      return wait(shrink(state), 'storage', event, null)
  }
}

/** Another run moved the key: its mutations may be others now, so a search begins anew; and two runs must not chase each other for ever. */
function afterStale(memory: Memory, staleAnswers: number, event: Chance): Step {
  const fresh: Memory = { ...memory, search: NO_SEARCH }
  if (staleAnswers >= MAX_STALE_ANSWERS) return wait(fresh, 'storage', event, null)
  return askAgain(fresh, { ...NOTHING_SENT, staleAnswers })
}

function flagDigest(memory: Memory): Step {
  const next = ask({ ...memory, isDigestDoubted: true })
  return { state: next.state, effects: [{ type: 'report', code: 'digest-mismatch' }, ...next.effects] }
}

// --- problems

function onProblem(asking: StateOf<'asking'>, event: EventOf<'problem'>): Step {
  const { problem } = event
  if (problem.code === 'access-ended') return onAccessEnded(asking, event)
  // Access must be said to have ended twice in a row: any other answer in between starts the count anew.
  const memory: Memory = { ...asking.memory, accessEndedRuns: 0 }
  const state: StateOf<'asking'> = { ...asking, memory }
  const smaller: Memory = shrink(state)
  const { sent } = state
  switch (problem.code) {
    case 'unauthenticated':
      if (sent.isAuthRefreshed) return halt(state, 'sign-in')
      return { state, effects: [{ type: 'refreshAuth' }] }
    case 'account-mismatch':
      return halt(state, 'account-mismatch')
    case 'forbidden':
      return halt(state, 'forbidden')
    case 'other-app':
      // No mutation is suspected: none of them was looked at.
      return wait(memory, 'other-app', event, null)
    case 'invalid-key':
      return onInvalidKey(memory, problem, event)
    case 'expired':
      return beginResync(memory, problem.reset, 'expired', event)
    case 'too-large':
      return onTooLarge(state, event)
    case 'version':
      return halt(state, 'update')
    case 'slow-down':
    case 'busy':
    case 'behind':
      return wait(smaller, 'busy', event, event.retryAfterMs)
    case 'malformed':
    case 'internal':
      // With Retry-After it is a wait that no nudge may end.
      return wait(
        accuse({ ...state, memory: smaller }, 'server-error'),
        event.retryAfterMs === null ? 'server-error' : 'busy',
        event,
        event.retryAfterMs,
      )
    case 'not-found':
    case 'method-not-allowed':
      return wait(accuse({ ...state, memory: smaller }, 'not-our-partner'), 'not-our-partner', event, null)
  }
}

function onInvalidKey(memory: Memory, problem: Extract<Problem, { code: 'invalid-key' }>, event: Chance): Step {
  if (problem.rollbackTo === null) return beginResync(memory, 'upload', problem.reason, event)
  return reset(memory, event, (counted) => rollBack(counted, problem.rollbackTo as CheckpointName))
}

function onAccessEnded(state: StateOf<'asking'>, event: Chance): Step {
  const memory: Memory = { ...state.memory, accessEndedRuns: state.memory.accessEndedRuns + 1 }
  if (memory.accessEndedRuns < 2) return wait(memory, 'access-doubted', event, null)
  const halted = halt({ ...state, memory }, 'access-ended')
  return { state: halted.state, effects: [{ type: 'removeAccess' }, ...halted.effects] }
}

function onTooLarge(state: StateOf<'asking'>, event: Chance): Step {
  const { memory, sent } = state
  const { mutations, firstMutation } = sent
  if (mutations === 0 || firstMutation === null) return wait(memory, 'server-error', event, null)
  if (mutations > 1) {
    const limit = Math.floor(mutations / 2)
    return ask({ ...memory, search: { type: 'halving', limit, suspect: null, aloneFailures: 0 } })
  }
  return setAside({ ...memory, search: NO_SEARCH }, firstMutation, 'too-large')
}

function setAside(memory: Memory, mutationId: string, code: 'undeliverable' | 'too-large'): Step {
  const next = ask(memory)
  return { state: next.state, effects: [{ type: 'setAside', mutationId, code }, ...next.effects] }
}

/** Counts a failure that may be the fault of a mutation; at the third of the same ask one without mutations is tried. */
function accuse(state: StateOf<'asking'>, reason: FailureReason): Memory {
  const { memory, sent } = state
  const isSuspicious = reason === 'server-error' || reason === 'not-our-partner'
  if (!isSuspicious || sent.mutations === 0) return memory
  const { search } = memory
  if (search.type === 'halving') {
    const isAlone = sent.mutations === 1
    const failuresBefore = search.suspect === sent.firstMutation ? search.aloneFailures : 0
    const found = { suspect: isAlone ? sent.firstMutation : null, aloneFailures: isAlone ? failuresBefore + 1 : 0 }
    return { ...memory, search: { type: 'probing', limit: sent.mutations, ...found } }
  }
  if (search.type === 'probing') return memory
  const sameAskFailures = search.sameAskFailures + 1
  if (sameAskFailures < MAX_SAME_ASK_FAILURES) return { ...memory, search: { type: 'none', sameAskFailures } }
  return { ...memory, search: { type: 'probing', limit: sent.mutations, suspect: null, aloneFailures: 0 } }
}

// --- resets

function afterRollback(state: StateOf<'rollingBack'>, event: EventOf<'rolledBack'>): Step {
  switch (event.result) {
    case 'done':
    case 'stale':
      return ask(state.memory)
    case 'unrestorable':
      // The reset is counted already: it is the same one, done the longer way.
      return resync(state.memory, 'upload', 'unrestorable')
    case 'failed':
      return wait(uncountReset(state.memory), 'storage', event, null)
  }
}

function afterResyncBegun(state: StateOf<'resyncing'>, event: EventOf<'resyncBegun'>): Step {
  return event.result === 'failed' ? wait(uncountReset(state.memory), 'storage', event, null) : ask(state.memory)
}

/** A reset that the device's storage refused was none: a full disk must not lead to `degraded`. */
function uncountReset(memory: Memory): Memory {
  return { ...memory, resets: Math.max(0, memory.resets - 1) }
}

function rollBack(memory: Memory, to: CheckpointName): Step {
  return { state: { type: 'rollingBack', memory }, effects: [{ type: 'rollBack', to }] }
}

function resync(memory: Memory, kind: ResetKind, cause: ResyncCause): Step {
  return { state: { type: 'resyncing', memory }, effects: [{ type: 'beginResync', reset: kind, cause }] }
}

function beginResync(memory: Memory, kind: ResetKind, cause: ResyncCause, event: Chance): Step {
  return reset(memory, event, (counted) => resync(counted, kind, cause))
}

/** Counts a reset; a fourth without a confirmed exchange between is not done: two sides that reset each other must not go on for ever. */
function reset(memory: Memory, event: Chance, go: (counted: Memory) => Step): Step {
  if (memory.resets < MAX_RESETS) {
    // Other mutations stand at the front of the outbox afterwards: a search that went on would accuse one of them.
    return go({
      ...memory,
      resets: memory.resets + 1,
      isKeyUnconfirmed: false,
      isDigestDoubted: false,
      search: NO_SEARCH,
    })
  }
  const untilMs = event.nowMs + DEGRADED_WAIT_MS
  const degraded: Memory = { ...memory, wait: { untilMs, reason: 'degraded' } }
  return {
    state: { type: 'degraded', memory: degraded, untilMs },
    effects: [{ type: 'report', code: 'degraded' }, { type: 'end' }],
  }
}

// --- steps that several rows share

function ignore(state: InitiatorState): Step {
  return { state, effects: [] }
}

function end(state: InitiatorState): Step {
  return { state, effects: [{ type: 'end' }] }
}

function ask(memory: Memory): Step {
  return askAgain(memory, NOTHING_SENT)
}

function askAgain(memory: Memory, sent: Sent): Step {
  const { search } = memory
  const maxMutations =
    search.type === 'probing' ? 0 : leastOf(search.type === 'none' ? null : search.limit, memory.askLimit)
  const awake: Memory = { ...memory, wait: null, halt: null }
  return {
    state: { type: 'asking', memory: awake, sent },
    effects: [{ type: 'ask', maxMutations, withDigest: memory.isDigestDoubted }],
  }
}

/** The smaller bound; null is none. */
function leastOf(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other)
}

/** Full jitter: a random part of a bound that doubles with each failure; Retry-After is obeyed, with jitter on top. */
function wait(memory: Memory, reason: FailureReason, event: Chance, retryAfterMs: number | null): Step {
  const boundMs = Math.min(MAX_WAIT_MS, BASE_WAIT_MS * 2 ** Math.min(memory.failures, 20))
  const askedMs = Math.min(Math.max(0, retryAfterMs ?? 0), MAX_WAIT_MS)
  const untilMs = event.nowMs + Math.min(MAX_WAIT_MS, askedMs + Math.ceil(event.random * boundMs))
  const waiting: Memory = { ...memory, failures: memory.failures + 1, wait: { untilMs, reason } }
  return { state: { type: 'waiting', memory: waiting, wait: { untilMs, reason } }, effects: [{ type: 'end' }] }
}

function halt(state: StateOf<'asking'>, code: HaltCode): Step {
  const memory: Memory = { ...state.memory, halt: code, wait: null }
  return { state: { type: 'halted', memory, code }, effects: [{ type: 'end' }] }
}
