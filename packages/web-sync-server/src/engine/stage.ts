import {
  type CollectionsByName,
  fitRecord,
  isEqualJson,
  type JsonObject,
  LIMITS,
  type RecordVersion,
  type StoredRecord,
  weigh,
} from 'web-sync-protocol'
import type { AwaitingDelete, RecordRow, StorageTransaction } from '../contract/index.ts'
import { type Budget, ROW_WORK } from './budget.ts'

/** A change that has no number yet: numbers are given last, under the lock on the space's head. */
export interface StagedChange {
  readonly collection: string
  readonly id: string
  /** JSON text; null: deleted. */
  readonly text: string | null
  readonly before: Entry
  /** null: a deletion that has waited, see {@link Stage.deleteLate}. */
  readonly mutationId: string | null
  /** As in StoredRecord; {@link stagedVersion} of a change that has no number yet. */
  unseen: RecordVersion | null
  /** As in {@link Entry}, of what it makes. */
  priorMutations: readonly string[]
  /** Place among the changes of the ask. */
  readonly index: number
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
  /**
   * The mutations that made it before `current.mutationId` did, see RecordRow. Of a record that the
   * ask deletes: all that had made it, if the deletion's author had seen them.
   */
  readonly priorMutations: readonly string[]
  /** How much work its value is, see `weigh`. */
  readonly weight: number
}

/** An entry's version, once numbers are given; null: there is no record. */
export function entryVersion(entry: Entry): RecordVersion | null {
  if (entry.current === null) return null
  return entry.madeBy === null ? entry.current.version : entry.madeBy.version
}

/** The placeholder version of a change that has no number yet. The wire cannot carry it, so no operation can name it. */
export function stagedVersion(change: StagedChange): RecordVersion {
  return `~${change.index}`
}

/**
 * The effects of an ask's mutations before they are written. A mutation works on a layer of its own that is kept or dropped as a whole:
 * that is its savepoint, and a refused mutation costs the database nothing.
 */
export class Stage {
  readonly changes: StagedChange[] = []
  readonly #tx: StorageTransaction
  readonly #collections: CollectionsByName
  readonly #budget: Budget
  readonly #kept = new Map<string, Entry>()
  #layer = new Map<string, Entry>()
  /** Deletions that wait for what they delete, by record: those that were read, and those of this ask. */
  readonly #waiting = new Map<string, AwaitingDelete[]>()
  readonly #awaitingWrites: { readonly isGone: boolean; readonly awaiting: AwaitingDelete }[] = []
  #awaiting = new Map<string, AwaitingDelete>()

  constructor(tx: StorageTransaction, collections: CollectionsByName, budget: Budget) {
    this.#tx = tx
    this.#collections = collections
    this.#budget = budget
  }

  /** The record as it is now: stored, changed by earlier mutations of the ask, changed by this one. Locks it. */
  async read(collection: string, id: string): Promise<Entry> {
    const key = entryKey(collection, id)
    const known = this.#layer.get(key) ?? this.#kept.get(key)
    if (known !== undefined) return known
    const row = await this.#tx.lockRecord(collection, id)
    const current = row === null ? null : this.#toStored(row, collection)
    const weight = current === null ? 1 : weigh(current.value)
    this.#budget.spend(weight, row?.value.length ?? 0)
    const priorMutations = row?.priorMutations ?? []
    const entry: Entry = { collection, id, current, madeBy: null, priorMutations, weight }
    this.#kept.set(key, entry)
    return entry
  }

  /** As one of the schema's version, whatever version wrote it. */
  #toStored({ version, value, mutationId, unseen }: RecordRow, collection: string): StoredRecord {
    const growth = Object.hasOwn(this.#collections, collection) ? this.#collections[collection] : undefined
    return { version, value: fitRecord(growth, JSON.parse(value) as JsonObject), mutationId, unseen }
  }

  /** True if the mutation under way has written the record already. */
  isOwnResult(entry: Entry): boolean {
    return this.#layer.get(entryKey(entry.collection, entry.id)) === entry
  }

  /** The record as it was before the mutation under way. */
  async readBefore(collection: string, id: string): Promise<Entry> {
    return this.#kept.get(entryKey(collection, id)) ?? this.read(collection, id)
  }

  /** The mutation under way makes the record this. `unseen`: see StoredRecord. */
  write(entry: Entry, value: JsonObject, mutationId: string, unseen: RecordVersion | null): void {
    const current = { version: '', value, mutationId, unseen }
    this.#lay({ ...entry, current, madeBy: null, priorMutations: listPrior(entry, mutationId), weight: weigh(value) })
  }

  /**
   * The mutation under way deletes the record. `isSeen`: it is proved that its author had seen
   * everything in it.
   */
  delete(entry: Entry, mutationId: string, isSeen: boolean): void {
    const priorMutations = isSeen ? listPrior(entry, mutationId) : []
    this.#lay({ ...entry, current: null, madeBy: null, priorMutations, weight: 1 })
  }

  #lay(entry: Entry): void {
    this.#budget.spend(entry.weight)
    this.#layer.set(entryKey(entry.collection, entry.id), entry)
  }

  /** The mutation under way deletes a record that is not there: it may be on its way, see {@link AwaitingDelete}. */
  awaitDelete(awaiting: AwaitingDelete): void {
    this.#budget.spend(ROW_WORK)
    this.#awaiting.set(`${entryKey(awaiting.collection, awaiting.id)}\u0000${awaiting.mutationId}`, awaiting)
  }

  /** The deletions that wait for a record. */
  async listWaiting(collection: string, id: string): Promise<readonly AwaitingDelete[]> {
    const key = entryKey(collection, id)
    const known = this.#waiting.get(key)
    if (known !== undefined) return known
    const waiting = [...(await this.#tx.listAwaitingDeletes(collection, id))]
    this.#budget.spend(ROW_WORK * waiting.length)
    this.#waiting.set(key, waiting)
    return waiting
  }

  /** A deletion does not wait any more. */
  endWait(awaiting: AwaitingDelete): void {
    const waiting = this.#waiting.get(entryKey(awaiting.collection, awaiting.id)) ?? []
    waiting.splice(waiting.indexOf(awaiting), 1)
    this.#awaitingWrites.push({ isGone: true, awaiting })
  }

  /** A deletion waits, whatever becomes of the mutation under way. */
  async keepWait(awaiting: AwaitingDelete): Promise<void> {
    const waiting = (await this.listWaiting(awaiting.collection, awaiting.id)) as AwaitingDelete[]
    waiting.push(awaiting)
    this.#awaitingWrites.push({ isGone: false, awaiting })
  }

  /** Writes which deletions wait now. */
  async commitAwaiting(atMs: number): Promise<void> {
    for (const { isGone, awaiting } of this.#awaitingWrites) {
      await (isGone ? this.#tx.deleteAwaitingDelete(awaiting) : this.#tx.putAwaitingDelete(awaiting, atMs))
    }
  }

  /** Records that the ask has changed so far, as it has left them. */
  changed(): readonly Entry[] {
    return [...this.#kept.values()].filter((entry) => entry.madeBy !== null && entry.current !== null)
  }

  /** The mutations of this ask that changed a record. */
  writersOf(entry: Entry): ReadonlySet<string> {
    const writers = new Set<string>()
    for (let { madeBy } = entry; madeBy !== null; { madeBy } = madeBy.before) {
      if (madeBy.mutationId !== null) writers.add(madeBy.mutationId)
    }
    return writers
  }

  /** Deletes the record for a deletion that waited, after the ask's mutations. No mutation id: that mutation was answered before. */
  deleteLate(entry: Entry): void {
    const change = this.#addChange(entry, null, null)
    change.isLast = true
    this.#kept.set(entryKey(entry.collection, entry.id), { ...entry, current: null, madeBy: change })
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
  async keep(mutationId: string, texts: ReadonlyMap<Entry, string>): Promise<void> {
    let last: StagedChange | null = null
    for (const [key, entry] of this.#layer) {
      const before = this.#kept.get(key) as Entry // read() puts each record there before it can be written
      if (isSame(before, entry)) continue
      last = this.#addChange(before, texts.get(entry) ?? null, mutationId)
      last.unseen = entry.current?.unseen ?? null
      last.priorMutations = entry.current === null ? [] : entry.priorMutations
      this.#kept.set(key, { ...entry, madeBy: last })
    }
    // The mutation may have made the record again: then its deletion does not wait.
    const waiting = [...this.#awaiting.values()].filter(
      ({ collection, id }) => this.#kept.get(entryKey(collection, id))?.current === null,
    )
    for (const key of new Set(waiting.map(({ collection, id }) => entryKey(collection, id)))) {
      last = this.#keepWaiting(key, mutationId)
    }
    for (const awaiting of waiting) await this.keepWait(awaiting)
    if (last !== null) last.isLast = true
    this.drop()
  }

  /**
   * A deletion that waits is a change like any other, though it changes no record: with a number of its own it is beyond the durable
   * horizon until a backup or standby has it, so its author replays it after a restore that loses it.
   */
  #keepWaiting(key: string, mutationId: string): StagedChange {
    const before = this.#kept.get(key) as Entry // read() puts each record there before it can be deleted
    const change = this.#addChange(before, null, mutationId)
    this.#kept.set(key, { ...before, madeBy: change, priorMutations: [] })
    return change
  }

  #addChange(before: Entry, text: string | null, mutationId: string | null): StagedChange {
    const { collection, id } = before
    const facts = { collection, id, text, before, mutationId, index: this.changes.length }
    const unknown = { unseen: null, priorMutations: [], isLast: false, version: '', number: 0 }
    const change: StagedChange = { ...facts, ...unknown }
    this.changes.push(change)
    return change
  }
}

/**
 * What made a record before a mutation that works on it now: the first and the latest, for the list
 * must stay small.
 */
function listPrior({ current, priorMutations }: Entry, mutationId: string): readonly string[] {
  if (current === null) return []
  if (current.mutationId === null || current.mutationId === mutationId) return priorMutations
  const all = [...priorMutations, current.mutationId]
  return all.length <= LIMITS.priorMutations ? all : [all[0] as string, ...all.slice(1 - LIMITS.priorMutations)]
}

/** One text for each record; collection names have no U+0000. */
export function entryKey(collection: string, id: string): string {
  return `${collection}\u0000${id}`
}

function isSame(before: Entry, after: Entry): boolean {
  if (before.current === null || after.current === null) return before.current === after.current
  return isEqualJson(before.current.value, after.current.value)
}
