import type { SchemaShape } from 'sync-protocol'
import type { StoreNotice, WriteStage } from '../contract/index.ts'

/** Time and chance, as the stores need them. */
export interface StoreEnvironment {
  /** Milliseconds since 1970. */
  nowMs(): number
  /** 128 random bits as 32 lower-case hexadecimal digits. */
  randomId(): string
}

/** What each transaction knows of the store that it works for. */
export interface StoreContext extends StoreEnvironment {
  readonly account: string
  readonly space: string
  readonly schema: SchemaShape
}

/** Collects what a transaction changed, for the notice that follows it. */
export class ChangeLog {
  readonly #collections = new Set<string>()
  readonly #stages = new Map<string, WriteStage>()
  #hasNewWrites = false
  #hasChanged = false

  /** Something that the status shows changed. */
  touch(): void {
    this.#hasChanged = true
  }

  collection(name: string): void {
    this.#collections.add(name)
    this.touch()
  }

  stage(mutationId: string, stage: WriteStage): void {
    this.#stages.set(mutationId, stage)
    this.touch()
  }

  newWrite(): void {
    this.#hasNewWrites = true
    this.touch()
  }

  /** The notice; null: nothing changed. */
  build(): StoreNotice | null {
    if (!this.#hasChanged) return null
    return {
      collections: [...this.#collections].toSorted(),
      mutations: [...this.#stages].map(([mutationId, stage]) => ({ mutationId, stage })),
      hasNewWrites: this.#hasNewWrites,
    }
  }
}
