import type { Clock } from '../contract/index.ts'

/** The browser's clock. The only place where the wall clock is read: it may jump either way, so waits go by {@link startStopwatch} or a timer. */
export const systemClock: Clock = { nowMs: () => Date.now() }

/**
 * Says how many milliseconds have passed since it was started, as far as it was asked: what a clock goes forward counts, what it is put
 * back does not. So a deadline may come early and is never put off.
 */
export function startStopwatch(clock: Clock): () => number {
  let seenAtMs = clock.nowMs()
  let passedMs = 0
  return () => {
    const nowMs = clock.nowMs()
    passedMs += Math.max(0, nowMs - seenAtMs)
    seenAtMs = nowMs
    return passedMs
  }
}
