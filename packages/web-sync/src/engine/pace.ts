/** Asks that a client makes in a minute at most while nothing comes of them. */
const ASKS_PER_MINUTE = 12
const MINUTE_MS = 60_000

/**
 * A bucket of twelve asks: each takes one, which comes back a minute later, and progress fills it. Whatever a partner, a proxy or a flood
 * of nudges does, asks that lead to nothing are bounded; those that bring something are not held up.
 */
export class Pace {
  /** When the asks were made that have not come back yet, in milliseconds that have passed since the first. */
  #taken: number[] = []
  #passedMs = 0
  #seenAtMs: number | null = null

  /** Takes one; returns 0, or after how many milliseconds there will be one. A clock that is put back neither gives nor takes. */
  take(nowMs: number): number {
    this.#passedMs += Math.max(0, nowMs - (this.#seenAtMs ?? nowMs))
    this.#seenAtMs = nowMs
    this.#taken = this.#taken.filter((atMs) => this.#passedMs - atMs < MINUTE_MS)
    const [oldest] = this.#taken
    if (oldest !== undefined && this.#taken.length >= ASKS_PER_MINUTE) return oldest + MINUTE_MS - this.#passedMs
    this.#taken.push(this.#passedMs)
    return 0
  }

  /** Something came of an ask. */
  refill(): void {
    this.#taken = []
  }
}
