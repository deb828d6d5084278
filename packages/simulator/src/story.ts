/** A promise of docs/invariants.md, as failures name it. */
export type Invariant = `S${number}` | `L${number}`

/** A broken promise. */
export interface Failure {
  readonly invariant: Invariant
  readonly text: string
}

/** What happened in a simulation, line by line: printed when it fails, hashed to show that a seed tells the same story twice. */
export class Story {
  readonly #lines: string[] = []
  readonly #counts = new Map<string, number>()
  readonly #failures: Failure[] = []

  /** Adds a line. */
  tell(line: string): void {
    this.#lines.push(line)
  }

  /** Counts that something occurred. */
  count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by)
  }

  /** How often something occurred. */
  countOf(what: string): number {
    return this.#counts.get(what) ?? 0
  }

  /** A promise was broken. */
  fail(invariant: Invariant, text: string): void {
    this.#failures.push({ invariant, text })
    this.#lines.push(`BROKEN ${invariant}: ${text}`)
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  get failures(): readonly Failure[] {
    return this.#failures
  }

  /** 32 bits of everything that was told (FNV-1a). */
  hash(): number {
    let hash = 0x811c9dc5
    for (const line of this.#lines) {
      for (let index = 0; index < line.length; index += 1) hash = Math.imul(hash ^ line.charCodeAt(index), 0x01000193)
      hash = Math.imul(hash ^ 10, 0x01000193)
    }
    return hash >>> 0
  }
}
