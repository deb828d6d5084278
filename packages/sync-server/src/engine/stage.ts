import {
  type CollectionsByName,
  fitRecord,
  isEqualJson,
  type JsonObject,
  type RecordVersion,
  type StoredRecord,
} from 'sync-protocol'
import type { AwaitingDelete, RecordRow, StorageTransaction } from '../contract/index.ts'

/** A change that has no number yet: numbers are given last, under the lock on the space's head. */
export interface StagedChange {
  readonly collection: string
  readonly id: string
  /** JSON text; null: deleted. */
  readonly text: string | null
  readonly before: Entry
  readonly mutationId: string
  /** True for the last change of its mutation. */
  isLast: boolean
  /** Set with its number; '' until then. */
  version: RecordVersion
  number: number
}

/** A record as the ask's mutations have left it so far. */
export interface Entry {
  readonly collection: string
  readonly id: string
  /** `version` is '' while the change that made it has no number: no operation can be based on it by version. */
  readonly current: StoredRecord | null
  /** The change of this ask that made it; null: it is as stored. */
  readonly madeBy: StagedChange | null
}

/** An entry's version, once numbers are given; null: there is no record. */
export function entryVersion(entry: Entry): RecordVersion | null {
  if (entry.current === null) return null
  return entry.madeBy === null ? entry.current.version : entry.madeBy.version
}

/**
 * The effects of an ask's mutations before they are written. A mutation works on a layer of its own that is kept or dropped as a whole:
 * that is its savepoint, and a refused mutation costs the database nothing.
 */
export class Stage {
  readonly changes: StagedChange[] = []
  readonly #tx: StorageTransaction
  readonly #collections: CollectionsByName
  readonly #kept = new Map<string, Entry>()
  #layer = new Map<string, Entry>()
  /** Deletions that wait for what they delete; null: one that waited has been done. */
  readonly #keptAwaiting = new Map<string, AwaitingDelete | null>()
  #awaiting = new Map<string, AwaitingDelete | null>()

  constructor(tx: StorageTransaction, collections: CollectionsByName) {
    this.#tx = tx
    this.#collections = collections
  }

  /** The record as it is now: stored, changed by earlier mutations of the ask, changed by this one. Locks it. */
  async read(collection: string, id: string): Promise<Entry> {
    const key = entryKey(collection, id)
    const known = this.#layer.get(key) ?? this.#kept.get(key)
    if (known !== undefined) return known
    const row = await this.#tx.lockRecord(collection, id)
    const entry: Entry = {
      collection,
      id,
      current: row === null ? null : this.#toStored(row, collection),
      madeBy: null,
    }
    this.#kept.set(key, entry)
    return entry
  }

  /** As one of the schema's version, whatever version wrote it. */
  #toStored({ version, value, mutationId }: RecordRow, collection: string): StoredRecord {
    const growth = Object.hasOwn(this.#collections, collection) ? this.#collections[collection] : undefined
    return { version, value: fitRecord(growth, JSON.parse(value) as JsonObject), mutationId }
  }

  /** True if the mutation under way has written the record already. */
  isOwnResult(entry: Entry): boolean {
    return this.#layer.get(entryKey(entry.collection, entry.id)) === entry
  }

  /** The record as it was before the mutation under way. */
  async readBefore(collection: string, id: string): Promise<Entry> {
    return this.#kept.get(entryKey(collection, id)) ?? this.read(collection, id)
  }

  /** The mutation under way makes the record this; null deletes it. */
  write(entry: Entry, value: JsonObject | null, mutationId: string): void {
    const { collection, id } = entry
    const current = value === null ? null : { version: '', value, mutationId }
    this.#layer.set(entryKey(collection, id), { collection, id, current, madeBy: null })
  }

  /** The mutation under way deletes a record that is not there: it may be on its way, see {@link AwaitingDelete}. */
  awaitDelete(awaiting: AwaitingDelete): void {
    this.#awaiting.set(entryKey(awaiting.collection, awaiting.id), awaiting)
  }

  /** Deletes what the mutation under way has made if a deletion has waited for just that. */
  async completeDeletes(mutationId: string): Promise<void> {
    for (const [key, entry] of this.#layer) {
      if (entry.current === null) continue
      const kept = this.#keptAwaiting.get(key)
      const awaiting = kept === undefined ? await this.#tx.getAwaitingDelete(entry.collection, entry.id) : kept
      if (awaiting?.mutationId !== mutationId) continue
      this.#awaiting.set(key, null)
      this.#layer.set(key, { ...entry, current: null })
    }
  }

  /** Writes which deletions wait now. */
  async commitAwaiting(atMs: number): Promise<void> {
    for (const [key, awaiting] of this.#keptAwaiting) {
      const [collection, id] = key.split('\u0000') as [string, string]
      if (awaiting === null) await this.#tx.deleteAwaitingDelete(collection, id)
      else await this.#tx.putAwaitingDelete(awaiting, atMs)
    }
  }

  /** The values that the mutation under way would store, by collection and id. */
  written(): readonly Entry[] {
    return [...this.#layer.values()]
  }

  /** Drops what the mutation under way did. */
  drop(): void {
    this.#layer = new Map()
    this.#awaiting = new Map()
  }

  /** Keeps what the mutation under way did; what left a record as it was is no change. */
  keep(mutationId: string, texts: ReadonlyMap<Entry, string>): void {
    let last: StagedChange | null = null
    for (const [key, entry] of this.#layer) {
      const before = this.#kept.get(key) as Entry // read() puts each record there before it can be written
      if (isSame(before, entry)) continue
      const change: StagedChange = {
        collection: entry.collection,
        id: entry.id,
        text: texts.get(entry) ?? null,
        before,
        mutationId,
        isLast: false,
        version: '',
        number: 0,
      }
      this.#kept.set(key, { ...entry, madeBy: change })
      this.changes.push(change)
      last = change
    }
    for (const [key, awaiting] of this.#awaiting) {
      if (awaiting !== null && !this.#layer.has(key)) last = this.#keepWaiting(key, mutationId)
      this.#keptAwaiting.set(key, awaiting)
    }
    if (last !== null) last.isLast = true
    this.drop()
  }

  /**
   * A deletion that waits is a change like any other, though it changes no record: with a number of its own it is beyond the durable
   * horizon until a backup or standby has it, so its author replays it after a restore that loses it.
   */
  #keepWaiting(key: string, mutationId: string): StagedChange {
    const before = this.#kept.get(key) as Entry // read() puts each record there before it can be deleted
    const { collection, id } = before
    const facts = { collection, id, text: null, before, mutationId }
    const change: StagedChange = { ...facts, isLast: false, version: '', number: 0 }
    this.#kept.set(key, { ...before, madeBy: change })
    this.changes.push(change)
    return change
  }
}

/** One text for each record; collection names have no U+0000. */
export function entryKey(collection: string, id: string): string {
  return `${collection}\u0000${id}`
}

function isSame(before: Entry, after: Entry): boolean {
  if (before.current === null || after.current === null) return before.current === after.current
  return isEqualJson(before.current.value, after.current.value)
}
