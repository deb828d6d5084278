/** What happened in a simulation, line by line: printed when it fails, hashed to show that a seed tells the same story twice. */
export class Story {
  readonly #lines: string[] = []
  readonly #counts = new Map<string, number>()
  readonly #failures: string[] = []

  /** Adds a line. */
  tell(line: string): void {
    this.#lines.push(line)
  }

  /** Counts that something occurred. */
  count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by)
  }

  /** A promise was broken. */
  fail(what: string): void {
    this.#failures.push(what)
    this.#lines.push(`BROKEN: ${what}`)
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  get failures(): readonly string[] {
    return this.#failures
  }
}
