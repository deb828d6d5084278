import type { LocalOp } from 'web-sync/testing'
import { marksOf } from './checks/marks.ts'

/** How long devices keep what was accepted for replay; a little less, for it counts from the acceptance. */
const JOURNAL_AGE_MS = 29 * 86_400_000

/** How old a write may be to be replayed; a little less, likewise. */
const REPLAY_AGE_MS = 89 * 86_400_000

/** The marks that the author saw in records, by `collection/id`; see checks/seen.ts. */
export type Sights = ReadonlyMap<string, ReadonlySet<string>>

/** Nothing was looked at, since nothing is taken away. */
export const NO_SIGHTS: Sights = new Map()

/** A write of the user. */
export interface Write {
  readonly mutationId: string
  /** Name of the device that it was made on. */
  readonly device: string
  readonly account: string
  readonly space: string
  readonly ops: readonly LocalOp[]
  /** What its inserts and patches leave in their records: the mutation's id, unless that is used a second time. */
  readonly mark: string
  readonly atMs: number
  /** False if others were stored at the same time: then which came first is not known. */
  readonly isOrdered: boolean
  /** Of the records that its puts and deletions name. */
  readonly sights: Sights
}

/**
 * The reference model: every write that was ever acknowledged on a device, and those of which nobody can know any more.
 *
 * Each insert and patch leaves a mark of its own in the record (`marks: {[mark]: true}`), so marks commute: at the end a record
 * carries the mark of every write that touched it, unless it was deleted. It also writes its mark into `last`, so that a write that
 * takes effect a second time is seen in the log.
 */
export class Ledger {
  readonly #promised = new Map<string, Write>()
  readonly #maybe = new Map<string, Write>()
  readonly #forgiven = new Set<string>()
  readonly #tooOld = new Set<string>()
  readonly #fragile = new Set<string>()
  readonly #deleted = new Set<string>()
  readonly #reused = new Set<string>()
  readonly #overruled = new Set<string>()
  readonly #madeAnew = new Set<string>()
  readonly #copied = new Set<string>()
  readonly #seen = new Map<string, Map<string, ReadonlySet<string>>>()
  readonly #begun = new Map<string, Set<string>>()
  readonly #deletions = new Map<string, readonly Write[]>()
  readonly #byId = new Map<string, readonly Write[]>()
  readonly #order = new Map<string, number>()
  /** True once a device was cloned or set back: then two have the same orders. */
  hasCopies = false
  /** How often the partner's history was replaced by another one. */
  historiesLost = 0
  /** True once time leapt further than something is kept: what is promised within the retention only is not asked for then. */
  isBeyondRetention = false
  /** True once a leap was longer than the partner keeps partnerships. */
  isBeyondPartnerships = false

  /**
   * True if the partner may have forgotten the outcome of a mutation that some device still sends: a year passed, or a quarter for one
   * of two copies of a device (the other one has confirmed the outcome). It is judged anew then.
   */
  get areOutcomesForgotten(): boolean {
    return this.isBeyondPartnerships || (this.isBeyondRetention && this.hasCopies)
  }

  /** A device is asked for a write: from now on it may be stored, though nobody has heard so yet. */
  begin(device: string, mark: string): void {
    this.#begun.set(device, this.begunBy(device).add(mark))
  }

  /** The marks of the writes that a device was asked for. */
  begunBy(device: string): Set<string> {
    return this.#begun.get(device) ?? new Set()
  }

  /** A device's write was acknowledged. */
  promise(write: Write): void {
    this.#order.set(write.mark, this.#order.size)
    this.#promised.set(write.mark, write)
    this.#index(write)
  }

  /** The device died before it could acknowledge: the write may have its effect, and may not. */
  note(write: Write): void {
    this.#order.set(write.mark, this.#order.size)
    this.#maybe.set(write.mark, write)
    this.#index(write)
  }

  #index(write: Write): void {
    this.#byId.set(write.mutationId, [...this.withId(write.mutationId), write])
    for (const op of write.ops) {
      const name = `${op.collection}/${op.id}`
      if (op.op === 'delete') this.#deletions.set(name, [...this.deletionsOf(name), write])
      if (op.op !== 'put') continue
      for (const mark of marksOf(op.value)) if (mark !== write.mark) this.#copied.add(`${name} ${mark}`)
    }
  }

  /**
   * A put wrote this content of another mutation into the record once more: its author saw it while it waited. That mutation itself may be
   * refused; the put is a write of its own.
   */
  wasCopied(name: string, { mark }: Write): boolean {
    return this.#copied.has(`${name} ${mark}`)
  }

  /** The same of a mutation whose id was used for two contents: it is refused if the other one came first. */
  wasCopiedOfReused(name: string, write: Write): boolean {
    return this.isReused(write.mutationId) && this.wasCopied(name, write)
  }

  /** Whoever is at this device sees these marks in a record; returns all that they have ever seen in it when they wrote to it. */
  see(device: string, name: string, marks: ReadonlySet<string>): ReadonlySet<string> {
    const seen = this.#seen.get(device) ?? new Map<string, ReadonlySet<string>>()
    this.#seen.set(device, seen)
    const all = new Set([...(seen.get(name) ?? []), ...marks])
    seen.set(name, all)
    return all
  }

  /** A copy of a device shows what the device has shown. */
  inheritSights(from: string, to: string): void {
    this.#seen.set(to, new Map(this.#seen.get(from) ?? []))
  }

  /** The writes that delete this record. */
  deletionsOf(name: string): readonly Write[] {
    return this.#deletions.get(name) ?? []
  }

  /** The writes with this mutation id: more than one if it was used again. */
  withId(mutationId: string): readonly Write[] {
    return this.#byId.get(mutationId) ?? []
  }

  /** A put found no record where its author had seen one, and made it anew: it raced with what took it away. */
  noteMadeAnew(name: string): void {
    this.#madeAnew.add(name)
  }

  wasMadeAnew(name: string): boolean {
    return this.#madeAnew.has(name)
  }

  /** The mark was taken out of this record by a write that its collection lets win over what its author had not seen. */
  overrule(name: string, mark: string): void {
    this.#overruled.add(`${name} ${mark}`)
  }

  isOverruled(name: string, mark: string): boolean {
    return this.#overruled.has(`${name} ${mark}`)
  }

  /** The same mutation id was used for two contents. */
  noteReused(mutationId: string): void {
    this.#reused.add(mutationId)
  }

  isReused(mutationId: string): boolean {
    return this.#reused.has(mutationId)
  }

  /** True if somebody wrote with this mark. */
  has(mark: string): boolean {
    return this.#promised.has(mark) || this.#maybe.has(mark)
  }

  /** The write that leaves this mark. */
  get(mark: string): Write | undefined {
    return this.#promised.get(mark) ?? this.#maybe.get(mark)
  }

  /** The only copy went with a device that was set back to an older state by hand: no software can bring it back. */
  forgive(mutationId: string): void {
    this.#forgiven.add(mutationId)
  }

  /** True if a history that had the write is lost, and the journals keep it no longer. */
  isTooOldToReplay(mutationId: string): boolean {
    return this.#tooOld.has(mutationId)
  }

  isForgiven(mutationId: string): boolean {
    return this.#forgiven.has(mutationId)
  }

  /** Where a write stands among all, in the order in which they were made. */
  orderOf(write: Write): number {
    return this.#order.get(write.mark) ?? 0
  }

  isFragile(mutationId: string): boolean {
    return this.#fragile.has(mutationId)
  }

  /** The partner has it, but no device can replay it any more. */
  makeFragile(mutationId: string): void {
    this.#fragile.add(mutationId)
  }

  /** The partner lost history: what only it had is gone. */
  partnerLostHistory(nowMs: number): void {
    this.historiesLost += 1
    // What was accepted longer ago than a journal keeps it, nobody replays.
    for (const { mutationId, atMs } of this.#promised.values()) {
      if (this.isBeyondRetention && nowMs - atMs > JOURNAL_AGE_MS) this.#giveUp(mutationId)
    }
    for (const mutationId of this.#fragile) this.#forgiven.add(mutationId)
  }

  /** So much later nobody replays what was lost before: the partner would not know any more that it had answered it. */
  timePassed(nowMs: number): void {
    if (this.historiesLost === 0) return
    for (const { mutationId, atMs } of this.#promised.values()) {
      if (nowMs - atMs > REPLAY_AGE_MS) this.#giveUp(mutationId)
    }
  }

  #giveUp(mutationId: string): void {
    this.#tooOld.add(mutationId)
    this.#forgiven.add(mutationId)
  }

  /** A write deleted this record; its outcome is about to be forgotten by the partner. */
  rememberDeleted(name: string): void {
    this.#deleted.add(name)
  }

  wasDeleted(name: string): boolean {
    return this.#deleted.has(name)
  }

  /** All writes that may have had their effect, those of which nobody can know any more among them. */
  all(): Write[] {
    return [...this.#promised.values(), ...this.#maybe.values()]
  }

  /** All writes that were acknowledged. */
  promised(): Iterable<Write> {
    return this.#promised.values()
  }

  /** The writes that must be there at the end. */
  owed(): Write[] {
    return [...this.#promised.values()].filter((write) => !this.#forgiven.has(write.mutationId))
  }
}
