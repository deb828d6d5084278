import type { InitiatorState, WakeReason } from 'web-sync-protocol'
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
  /**
   * Makes one run; must not reject. Null: it could not even begin. `waitedUntilMs`: the machine's wait that the timer has measured to its
   * end; missing: none.
   */
  readonly run: (reason: WakeReason, waitedUntilMs?: number) => Promise<RunResult | null>
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
  /** Milliseconds until there is room for another ask; only what a person asks for comes before. */
  #heldMs = 0
  /** The machine's wait, and what the timer has left of it to measure; null: it does not wait. */
  #wait: { readonly untilMs: number; readonly leftMs: number } | null = null
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
    const dues = [...this.#leftByReason].map(([reason, leftMs]) => this.#dueIn(reason, leftMs))
    const delayMs = Math.min(Math.max(Math.min(...dues), 0), MAX_TIMER_MS)
    this.#timer = setTimeout(() => void this.#fire(delayMs), delayMs)
  }

  /** Takes off what has passed since it was counted last: so much at least, whatever the clock says. */
  #count(atLeastMs: number): void {
    const nowMs = this.#parts.clock.nowMs()
    const passedMs = Math.max(nowMs - this.#countedAtMs, atLeastMs)
    this.#countedAtMs = nowMs
    for (const [reason, leftMs] of this.#leftByReason) this.#leftByReason.set(reason, leftMs - passedMs)
    this.#heldMs -= passedMs
    if (this.#wait !== null) this.#wait = { ...this.#wait, leftMs: this.#wait.leftMs - passedMs }
  }

  #dueIn(reason: WakeReason, leftMs: number): number {
    return reason === 'retry' || reason === 'start' ? leftMs : Math.max(leftMs, this.#heldMs)
  }

  async #fire(passedMs: number): Promise<void> {
    this.#count(passedMs)
    const reason = this.#takeDue()
    if (reason === undefined) return this.#arm()
    this.#isRunning = true
    const isWaited = this.#wait !== null && this.#wait.leftMs <= 0
    const result = await (isWaited ? this.#parts.run(reason, this.#wait?.untilMs) : this.#parts.run(reason))
    this.#isRunning = false
    this.#planNext(result)
    this.#arm()
  }

  /** The most hopeful of the reasons that are due; one run serves them all. */
  #takeDue(): WakeReason | undefined {
    const due = BY_HOPE.filter((reason) => this.#dueIn(reason, this.#leftByReason.get(reason) ?? Infinity) <= 0)
    for (const reason of due) this.#leftByReason.delete(reason)
    return due[0]
  }

  #planNext(result: RunResult | null): void {
    const nowMs = this.#parts.clock.nowMs()
    const quietMs = QUIET_INTERVAL_MS * (0.8 + 0.4 * this.#parts.random.fraction())
    this.#count(0)
    this.#heldMs = (result?.type === 'ended' ? result.pausedMs : undefined) ?? 0
    this.#planWait(result, nowMs)
    const waitMs = this.#heldMs > 0 ? this.#heldMs : this.#wait?.leftMs
    this.#leftByReason.set('timer', Math.max(0, waitMs ?? quietMs))
  }

  /** Of a wait that goes on the timer keeps what it has measured: the clock may have been put back meanwhile. */
  #planWait(result: RunResult | null, nowMs: number): void {
    const untilMs = result?.type === 'ended' ? waitOf(result.state) : null
    if (untilMs === null) this.#wait = null
    else if (this.#wait?.untilMs !== untilMs) this.#wait = { untilMs, leftMs: untilMs - nowMs }
  }
}

/** Until when the machine itself waits, in milliseconds since 1970; null: it does not. */
function waitOf(state: InitiatorState): number | null {
  if (state.type === 'waiting') return state.wait.untilMs
  return state.type === 'degraded' ? state.untilMs : null
}
