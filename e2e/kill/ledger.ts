/** What the harness was told, by name of the write: kept outside every process that is killed. */
export class Ledger {
  readonly #acknowledged = new Map<string, string>()
  #recent: string[] = []
  readonly #codes = new Map<string, number>()
  #listeners: (() => void)[] = []

  /** The write's promise resolved in the page. */
  acknowledge(name: string, mutationId: string): void {
    this.#acknowledged.set(name, mutationId)
    this.#recent.push(name)
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener()
  }

  /** The write's promise rejected: nothing was promised. */
  reject(code: string): void {
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
  }

  /** Mutation ids of the acknowledged writes, by name. */
  get acknowledged(): ReadonlyMap<string, string> {
    return this.#acknowledged
  }

  /** How often each code was the answer. */
  get codes(): ReadonlyMap<string, number> {
    return this.#codes
  }

  /** What was acknowledged since the last call. */
  takeRecent(): readonly string[] {
    const recent = this.#recent
    this.#recent = []
    return recent
  }

  /** Resolves with the next acknowledgement. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#listeners.push(resolve)
    })
  }
}
