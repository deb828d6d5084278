import type { Clock } from '../contract/index.ts'

/**
 * A clock that stands still until it is moved by hand. Timers are not moved with it: they belong to the test's runner.
 *
 * @example
 * const clock = new HandClock()
 * clock.advance(91 * 24 * 3_600_000) // the device was away for 91 days
 */
export class HandClock implements Clock {
  #ms: number

  /** Starts at so many milliseconds since 1970. Default: a day in November 2023. */
  constructor(startMs = 1_700_000_000_000) {
    this.#ms = startMs
  }

  nowMs(): number {
    return this.#ms
  }

  /** Moves it by so many milliseconds; a negative number sets it back, as people and batteries do. */
  advance(ms: number): void {
    this.#ms += ms
  }
}
