import type { RowKey } from '../keys.ts'
import type { BaseRow } from '../rows.ts'

/** One record in a transaction. */
export interface Slot {
  readonly key: RowKey
  /** As it was before; undefined: it was not there; null: nobody has looked. */
  before: BaseRow | undefined | null
  /** What is to become of it; null: it is removed; undefined: nothing was written. */
  after: BaseRow | null | undefined
}

type Slots = Map<string, Slot>

/**
 * Records by (generation, collection, id), in the order in which they were first named. Nested, because to join the parts of thousands
 * of keys into one text each takes longer than all that is then done with them.
 */
export class SlotMap {
  readonly #slots = new Map<number, Map<string, Slots>>()

  /** The slot of a record, made if it is not there. */
  at(key: RowKey): Slot {
    const [generation, collection, id] = key as [number, string, string]
    let collections = this.#slots.get(generation)
    if (collections === undefined) this.#slots.set(generation, (collections = new Map<string, Slots>()))
    let slots = collections.get(collection)
    if (slots === undefined) collections.set(collection, (slots = new Map<string, Slot>()))
    let slot = slots.get(id)
    if (slot === undefined) slots.set(id, (slot = { key, before: null, after: undefined }))
    return slot
  }

  /** The slots of each collection in each generation. */
  groups(): Slot[][] {
    return [...this.#slots.values()].flatMap((collections) => {
      return [...collections.values()].map((slots) => [...slots.values()])
    })
  }

  clear(): void {
    this.#slots.clear()
  }
}
