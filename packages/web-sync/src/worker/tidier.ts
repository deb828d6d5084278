import type { Store } from '../contract/index.ts'

/** So long nothing must have happened before a step of tidying up is made. */
const IDLE_MS = 100
/** Between two steps others have their turn. */
const STEP_REST_MS = 5

/** What a tidier needs. */
export interface TidierParts {
  readonly store: Pick<Store, 'tidy'>
  /** True while a run is at work. */
  readonly isSyncing: () => boolean
}

/**
 * Has the store tidied up, old generations, undo beyond its limit and layers that are to be merged, in short steps, when nothing else is
 * to be done: a step makes a run, a query or a local write wait.
 */
export class Tidier {
  readonly #parts: TidierParts
  #work: Promise<void> | null = null
  #isClosed = false
  /** True if the page has asked for something, or something has changed, since it was last looked at. At first: it was just opened. */
  #isActive = true

  constructor(parts: TidierParts) {
    this.#parts = parts
  }

  /** Something happens: the next step waits. */
  schedule(): void {
    this.#isActive = true
  }

  /** Tidies up until nothing is left to be done; what is under way already is waited for. Never rejects. */
  async tidy(): Promise<void> {
    this.#work ??= this.#tidyUp().finally(() => {
      this.#work = null
    })
    await this.#work
  }

  /** No step is begun any more. */
  close(): void {
    this.#isClosed = true
  }

  async #tidyUp(): Promise<void> {
    try {
      do await this.#idle()
      while (!this.#isClosed && (await this.#parts.store.tidy()))
    } catch {
      // The next start tries again.
    }
  }

  /** Resolves when nothing has happened for a while; soon if nothing has happened since the last step. */
  async #idle(): Promise<void> {
    let restMs = this.#isActive ? IDLE_MS : STEP_REST_MS
    do {
      this.#isActive = false
      await new Promise((resolve) => {
        setTimeout(resolve, restMs)
      })
      restMs = IDLE_MS
    } while (!this.#isClosed && (this.#isActive || this.#parts.isSyncing()))
  }
}
