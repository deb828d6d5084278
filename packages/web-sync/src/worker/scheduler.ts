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

/** Says when runs are made: never two at a time, and never none for ever. */
export class Scheduler {
  readonly #parts: SchedulerParts
  /** When each reason is due. */
  readonly #dueByReason = new Map<WakeReason, number>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isRunning = false
  #isClosed = false

  constructor(parts: SchedulerParts) {
    this.#parts = parts
  }

  /** Asks for a run in `delayMs`; one that is asked for already with this reason is not put off. */
  wake(reason: WakeReason, delayMs = 0): void {
    const atMs = this.#parts.clock.nowMs() + delayMs
    this.#dueByReason.set(reason, Math.min(atMs, this.#dueByReason.get(reason) ?? Infinity))
    this.#arm()
  }

  /** A run for this reason is not needed any more: another context made it. */
  forget(reason: WakeReason): void {
    this.#dueByReason.delete(reason)
    this.#arm()
  }

  /** No run begins any more. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#isRunning || this.#isClosed || this.#dueByReason.size === 0) return
    const delayMs = Math.min(...this.#dueByReason.values()) - this.#parts.clock.nowMs()
    this.#timer = setTimeout(() => void this.#fire(), Math.min(Math.max(delayMs, 0), MAX_TIMER_MS))
  }

  async #fire(): Promise<void> {
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
    // A timer may be a little early against the clock.
    const nowMs = this.#parts.clock.nowMs() + 1
    const due = BY_HOPE.filter((reason) => (this.#dueByReason.get(reason) ?? Infinity) <= nowMs)
    for (const reason of due) this.#dueByReason.delete(reason)
    return due[0]
  }

  #planNext(result: RunResult | null): void {
    const nowMs = this.#parts.clock.nowMs()
    const quietMs = QUIET_INTERVAL_MS * (0.8 + 0.4 * this.#parts.random.fraction())
    this.#dueByReason.set('timer', nowMs + Math.max(0, waitAfter(result, nowMs) ?? quietMs))
  }
}

/** Milliseconds until the machine itself wants to go on; null: it does not. */
function waitAfter(result: RunResult | null, nowMs: number): number | null {
  if (result === null || result.type === 'busy') return null
  const { state } = result
  if (state.type === 'waiting') return state.wait.untilMs - nowMs
  if (state.type === 'degraded') return state.untilMs - nowMs
  return null
}
