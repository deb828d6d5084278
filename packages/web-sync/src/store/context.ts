import type { JsonObject, SchemaShape } from 'web-sync-protocol'
import {
  MAX_NOTICE_RECORDS,
  type RecordChange,
  type StoreId,
  type StoreNotice,
  type WriteStage,
} from '../contract/index.ts'
import type { PackSizes } from './packed/pack-sizes.ts'
import { nameToText } from './record-names.ts'

/** Time and chance, as the stores need them. */
export interface StoreEnvironment {
  /** Milliseconds since 1970. */
  nowMs(): number
  /** 128 random bits as 32 lower-case hexadecimal digits. */
  randomId(): string
  /** How large packs are; tests make them small. Default {@link PACK_SIZES}. */
  readonly packSizes?: PackSizes | undefined
  /** The most bytes that pre-images may take; tests make it small. Default {@link UNDO_MAX_BYTES}. */
  readonly undoMaxBytes?: number | undefined
}

/** What each transaction knows of the store that it works for. */
export interface StoreContext extends StoreEnvironment {
  readonly endpoint: string | null
  readonly movedFrom: StoreId['movedFrom']
  readonly packSizes: PackSizes
  readonly undoMaxBytes: number
  readonly account: string
  readonly space: string
  readonly schema: SchemaShape
}

/** Collects what a transaction changed, for the notice that follows it. */
export class NoticeBuilder {
  readonly #collections = new Set<string>()
  readonly #records = new Map<string, RecordChange>()
  #isWhole = false
  readonly #stages = new Map<string, WriteStage>()
  #hasNewWrites = false
  #hasChanged = false

  /** Something that the status shows changed. */
  touch(): void {
    this.#hasChanged = true
  }

  /** Any record of a collection may look different. */
  collection(name: string): void {
    this.#collections.add(name)
    this.#isWhole = true
    this.touch()
  }

  /** One record is seen as `value` now; of several calls for one record the last one counts. */
  record(collection: string, id: string, value: JsonObject | null): void {
    this.#collections.add(collection)
    const change = { collection, id, value }
    if (this.#records.size <= MAX_NOTICE_RECORDS) this.#records.set(nameToText(change), change)
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
      records: this.#isWhole || this.#records.size > MAX_NOTICE_RECORDS ? 'all' : [...this.#records.values()],
      mutations: [...this.#stages].map(([mutationId, stage]) => ({ mutationId, stage })),
      hasNewWrites: this.#hasNewWrites,
    }
  }
}
