/** The simulated clock: moves only when told to. */
export class Time {
  #nowMs = Date.UTC(2026, 0, 1)

  nowMs(): number {
    return this.#nowMs
  }

  /** Moves the clock, forward or back. */
  leap(byMs: number): void {
    this.#nowMs += byMs
  }
}
