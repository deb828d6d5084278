import { assert } from 'vitest'
import type { CheckpointName } from '../sync-key.ts'
import {
  BASE_WAIT_MS,
  DEGRADED_WAIT_MS,
  INITIAL_MEMORY,
  type InitiatorEffect,
  type InitiatorEvent,
  type InitiatorState,
  MAX_RESETS,
  MAX_WAIT_MS,
} from './state.ts'
import { stateFromMemory, type Step, transition } from './transition.ts'

/** Effects after which the engine owes the machine an event; at most one of them may be asked for at a time. */
const ACTIONS: ReadonlySet<InitiatorEffect['type']> = new Set([
  'ask',
  'commitPage',
  'refreshAuth',
  'rollBack',
  'beginResync',
])

/** A checkpoint that both sides have. */
export const COMMON: CheckpointName = { partnershipId: 'b'.repeat(32), n: 2, tag: 'c'.repeat(32) }

/**
 * One step of the machine with its invariants checked:
 *
 * 1. at most one action; 2. the end of a run is the last effect and comes without an action; 3. a run that does not end has an action, or
 * is in the middle of an ask; 4. a halted machine asks only for start, retry and sign-in; 5. a degraded one at most once an hour, unless
 * for retry or a clock that was set back; 6. waits are at most 15 minutes, of `degraded` an hour; 7. Retry-After is obeyed; 8. never more
 * than {@link MAX_RESETS} resets; 9. what is stored at the end of a run stands for the state that it ended in; 10. the state before is
 * unchanged; 11. an outage (network, timeout, busy) accuses nobody.
 */
export function checkedTransition(state: InitiatorState, event: InitiatorEvent): Step {
  const before = JSON.stringify(state)
  const step = transition(state, event)
  const next = step.state
  const effects = step.effects.map((effect) => effect.type)
  const actions = effects.filter((effect) => ACTIONS.has(effect))
  assert.isAtMost(actions.length, 1, '1')
  if (effects.includes('end')) assert(effects.at(-1) === 'end' && actions.length === 0, '2')
  const isResting = ['idle', 'waiting', 'halted', 'degraded'].includes(next.type)
  if (next !== state && isResting) assert.equal(effects.at(-1), 'end', '3')
  if (event.type === 'wake' && actions.length > 0) checkAwakening(state, event)
  if (next.memory.wait !== null && event.type !== 'wake' && event.type !== 'stop' && next !== state) {
    checkWait(next, event)
  }
  assert.isAtMost(next.memory.resets, MAX_RESETS, '8')
  if (effects.includes('end')) assert.equal(JSON.stringify(stateFromMemory(next.memory)), JSON.stringify(next), '9')
  assert.equal(JSON.stringify(state), before, '10')
  if (
    event.type === 'failed' &&
    (event.reason === 'network' || event.reason === 'timeout' || event.reason === 'busy')
  ) {
    assert.equal(JSON.stringify(next.memory.search), JSON.stringify(state.memory.search), '11')
  }
  return step
}

function checkAwakening(state: InitiatorState, event: Extract<InitiatorEvent, { type: 'wake' }>): void {
  if (state.type === 'halted') assert.include(['start', 'retry', 'sign-in'], event.reason, '4')
  if (state.type === 'degraded' && event.reason !== 'retry') {
    const isSetBack = state.untilMs - event.nowMs > DEGRADED_WAIT_MS
    assert(isSetBack || event.nowMs >= state.untilMs, '5')
  }
}

function checkWait(next: InitiatorState, event: InitiatorEvent): void {
  const { wait } = next.memory
  if (wait === null || !('nowMs' in event)) return
  const waitMs = wait.untilMs - event.nowMs
  assert.isAtLeast(waitMs, 0, '6')
  assert.isAtMost(waitMs, wait.reason === 'degraded' ? DEGRADED_WAIT_MS : MAX_WAIT_MS, '6')
  if (event.type === 'problem' && event.retryAfterMs !== null && next.type === 'waiting' && wait.reason === 'busy') {
    assert.isAtLeast(waitMs, Math.min(MAX_WAIT_MS, event.retryAfterMs), '7')
    for (const reason of ['start', 'nudge', 'online', 'timer', 'sync-event', 'sign-in', 'write'] as const) {
      const tooEarly = { type: 'wake', reason, nowMs: wait.untilMs - 1 } as const
      assert.equal(transition(next, tooEarly).state.type, 'waiting', '7')
    }
  }
}

/** How a simulated partner takes an ask. */
export type Take =
  | 'accept'
  | 'server-error'
  | 'not-our-partner'
  | 'network'
  | 'busy'
  | 'too-large'
  | 'roll-back'
  | 'wrong-digest'
  | 'stale'

/** What a simulated engine did. */
export interface SimulatedRun {
  readonly accepted: number[]
  readonly setAside: number[]
  readonly asks: number
  readonly states: ReadonlySet<InitiatorState['type']>
  readonly elapsedMs: number
  readonly state: InitiatorState
}

/**
 * A simulated engine over an outbox of numbers: it does what the machine decides, wakes it when a wait is over, and ends when the outbox
 * is empty and the machine idle, or after `maxAsks`. `isNeverDone`: the partner always has more.
 */
export function simulate(
  outbox: readonly number[],
  take: (mutations: readonly number[], ask: number) => Take,
  options: { readonly maxAsks: number; readonly randoms?: readonly number[]; readonly isNeverDone?: boolean },
): SimulatedRun {
  const pending = [...outbox]
  const run = { accepted: [] as number[], setAside: [] as number[], asks: 0, states: new Set<InitiatorState['type']>() }
  const randoms = options.randoms ?? [0.5]
  let nowMs = 0
  let sent: readonly number[] = []
  let state: InitiatorState = stateFromMemory(INITIAL_MEMORY)
  const chance = (): { nowMs: number; random: number } => ({ nowMs, random: randoms[run.asks % randoms.length] ?? 0.5 })
  const go = (event: InitiatorEvent): Step => {
    const step = checkedTransition(state, event)
    state = step.state
    run.states.add(state.type)
    return step
  }
  const answer = (mutations: readonly number[]): InitiatorEvent => {
    const how = take(mutations, run.asks)
    const facts = { protocol: 1, title: '', requestId: null }
    switch (how) {
      case 'accept':
      case 'wrong-digest':
      case 'stale':
        return { type: 'page' }
      case 'server-error':
      case 'not-our-partner':
      case 'network':
        return { type: 'failed', reason: how, ...chance() }
      case 'busy':
        return { type: 'problem', problem: { ...facts, status: 503, code: 'busy' }, retryAfterMs: 5_000, ...chance() }
      case 'too-large':
        return {
          type: 'problem',
          problem: { ...facts, status: 413, code: 'too-large' },
          retryAfterMs: null,
          ...chance(),
        }
      case 'roll-back':
        return {
          type: 'problem',
          problem: { ...facts, status: 409, code: 'invalid-key', reason: 'regressed', rollbackTo: COMMON },
          retryAfterMs: null,
          ...chance(),
        }
    }
  }
  const commit = (): InitiatorEvent => {
    const how = take(sent, run.asks)
    if (how === 'wrong-digest') return { type: 'committed', result: 'digest-mismatch', ...chance() }
    if (how === 'stale') return { type: 'committed', result: 'stale', ...chance() }
    run.accepted.push(...sent)
    pending.splice(0, sent.length)
    return { type: 'committed', result: 'applied', ...chance() }
  }
  let event: InitiatorEvent | null = { type: 'wake', reason: 'start', nowMs }
  while (run.asks < options.maxAsks) {
    if (event === null) {
      const { wait } = state.memory
      if (wait === null && (state.type !== 'idle' || pending.length === 0)) break
      nowMs = Math.max(nowMs + 1, wait?.untilMs ?? nowMs)
      event = { type: 'wake', reason: 'timer', nowMs }
    }
    const { effects }: Step = go(event)
    event = null
    for (const effect of effects) {
      if (effect.type === 'setAside')
        run.setAside.push(...pending.splice(pending.indexOf(Number(effect.mutationId)), 1))
      else if (effect.type === 'commitPage') event = commit()
      else if (effect.type === 'rollBack') event = { type: 'rolledBack', result: 'done', ...chance() }
      else if (effect.type === 'beginResync') event = { type: 'resyncBegun', result: 'done', ...chance() }
      else if (effect.type === 'ask') {
        run.asks += 1
        nowMs += BASE_WAIT_MS / 10
        sent = pending.slice(0, effect.maxMutations ?? pending.length)
        go({
          type: 'sent',
          mutations: sent.length,
          firstMutation: sent.length > 0 ? String(sent[0]) : null,
          isSettled: true,
        })
        event = answer(sent)
      }
    }
    if (event === null && state.type === 'asking')
      event = { type: 'replyEnded', hasMore: pending.length > 0 || options.isNeverDone === true }
  }
  return { ...run, elapsedMs: nowMs, state }
}
