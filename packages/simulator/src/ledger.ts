import type { LocalOp } from 'web-sync/testing'

/** What a device was promised: the write is stored. Whatever happens later, it is on the partner at the end or visibly refused. */
export interface PromisedWrite {
  readonly mutationId: string
  readonly ops: readonly LocalOp[]
}

/**
 * The reference model: every write that was ever acknowledged on a device, and those of which nobody can know any more.
 *
 * Each insert and patch leaves a mark of its own in the record (`marks: {[mutationId]: true}`), so marks commute: at the end a record
 * carries the mark of every write that touched it, unless it was deleted.
 */
export class Ledger {
  readonly #promised = new Map<string, PromisedWrite>()
  readonly #forgiven = new Set<string>()
  readonly #fragile = new Set<string>()

  /** A device's write was acknowledged. */
  promise(write: PromisedWrite): void {
    this.#promised.set(write.mutationId, write)
  }

  /** True if some device was promised this write. */
  has(mutationId: string): boolean {
    return this.#promised.has(mutationId)
  }

  /** The only copy went with a device that was set back to an older state by hand: no software can bring it back. */
  forgive(mutationId: string): void {
    this.#forgiven.add(mutationId)
  }

  /** The partner has it, but no device can replay it any more. */
  makeFragile(mutationId: string): void {
    this.#fragile.add(mutationId)
  }

  /** The partner lost history: what only it had is gone. */
  partnerLostHistory(): void {
    for (const mutationId of this.#fragile) this.#forgiven.add(mutationId)
  }

  /** All writes that were ever promised, those of which nobody can know any more among them: they may have had their effect. */
  all(): PromisedWrite[] {
    return [...this.#promised.values()]
  }

  /** The writes that must be there at the end. */
  owed(): PromisedWrite[] {
    return [...this.#promised.values()].filter((write) => !this.#forgiven.has(write.mutationId))
  }
}
