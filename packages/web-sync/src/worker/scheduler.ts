import type { WakeReason } from 'sync-protocol'
import type { RunResult } from '../engine/index.ts'
import type { Clock, Random } from '../contract/index.ts'

/** A run without cause (docs/protocol.md section 8), spread over ± 20 % so that devices do not ask in step. */
export const QUIET_INTERVAL_MS = 300_000

/** Which of several reasons a run is made with: the one that ends the most waits. */
const BY_HOPE: readonly WakeReason[] = ['retry', 'sign-in', 'start', 'online', 'sync-event', 'nudge', 'write', 'timer']

/** setTimeout takes 31 bits. */
const MAX_TIMER_MS = 2_147_483_647

/** What a scheduler needs. */
export interface SchedulerParts {
  /** Makes one run; must not reject. Null: it could not even begin. */
  readonly run: (reason: WakeReason) => Promise<RunResult | null>
  readonly clock: Clock
  readonly random: Random
}

/**
 * Says when runs are made: never two at a time, and never none for ever. It counts the time that is left, and the timer is the measure: a
 * clock that is put back puts nothing off, and one that goes on while the device sleeps is believed.
 */
export class Scheduler {
  readonly #parts: SchedulerParts
  /** Milliseconds until each reason is due, as of `#countedAtMs`. */
  readonly #leftByReason = new Map<WakeReason, number>()
  #countedAtMs: number
  #timer: ReturnType<typeof setTimeout> | undefined
  #isRunning = false
  #isClosed = false

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    this.#countedAtMs = parts.clock.nowMs()
  }

  /** Asks for a run in `delayMs`; one that is asked for already with this reason is not put off. */
  wake(reason: WakeReason, delayMs = 0): void {
    this.#count(0)
    this.#leftByReason.set(reason, Math.min(delayMs, this.#leftByReason.get(reason) ?? Infinity))
    this.#arm()
  }

  /** A run for this reason is not needed any more: another context made it. */
  forget(reason: WakeReason): void {
    this.#leftByReason.delete(reason)
    this.#arm()
  }

  /** No run begins any more. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#isRunning || this.#isClosed || this.#leftByReason.size === 0) return
    this.#count(0)
    const delayMs = Math.min(Math.max(Math.min(...this.#leftByReason.values()), 0), MAX_TIMER_MS)
    this.#timer = setTimeout(() => void this.#fire(delayMs), delayMs)
  }

  /** Takes off what has passed since it was counted last: so much at least, whatever the clock says. */
  #count(atLeastMs: number): void {
    const nowMs = this.#parts.clock.nowMs()
    const passedMs = Math.max(nowMs - this.#countedAtMs, atLeastMs)
    this.#countedAtMs = nowMs
    for (const [reason, leftMs] of this.#leftByReason) this.#leftByReason.set(reason, leftMs - passedMs)
  }

  async #fire(passedMs: number): Promise<void> {
    this.#count(passedMs)
    const reason = this.#takeDue()
    if (reason === undefined) return this.#arm()
    this.#isRunning = true
    const result = await this.#parts.run(reason)
    this.#isRunning = false
    this.#planNext(result)
    this.#arm()
  }

  /** The most hopeful of the reasons that are due; one run serves them all. */
  #takeDue(): WakeReason | undefined {
    const due = BY_HOPE.filter((reason) => (this.#leftByReason.get(reason) ?? Infinity) <= 0)
    for (const reason of due) this.#leftByReason.delete(reason)
    return due[0]
  }

  #planNext(result: RunResult | null): void {
    const nowMs = this.#parts.clock.nowMs()
    const quietMs = QUIET_INTERVAL_MS * (0.8 + 0.4 * this.#parts.random.fraction())
    this.#count(0)
    this.#leftByReason.set('timer', Math.max(0, waitAfter(result, nowMs) ?? quietMs))
  }
}

/** Milliseconds until the machine itself wants to go on; null: it does not. */
function waitAfter(result: RunResult | null, nowMs: number): number | null {
  if (result === null || result.type === 'busy') return null
  const { state, pausedMs } = result
  if (pausedMs !== undefined) return pausedMs
  if (state.type === 'waiting') return state.wait.untilMs - nowMs
  if (state.type === 'degraded') return state.untilMs - nowMs
  return null
}
