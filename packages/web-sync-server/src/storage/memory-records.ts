import type { RecordRow } from '../contract/index.ts'
import { compareBytes } from '../contract/index.ts'
import { type AbortActions, TransactionalMap } from './transactional-map.ts'

/** The records of one collection, readable in byte order of their ids. */
export class MemoryRecords {
  readonly #byId: TransactionalMap<string, RecordRow>
  readonly #abortActions: AbortActions
  /** All ids in order; null: to be sorted anew by the next reader. */
  #order: readonly string[] | null = []

  constructor(abortActions: AbortActions) {
    this.#byId = new TransactionalMap(abortActions)
    this.#abortActions = abortActions
  }

  /** Takes over what another collection holds. */
  copyFrom(other: MemoryRecords): void {
    this.#byId.copyFrom(other.#byId)
    this.#order = null
  }

  get(id: string): RecordRow | null {
    return this.#byId.get(id) ?? null
  }

  set(record: RecordRow): void {
    if (!this.#byId.has(record.id)) this.#disorder()
    this.#byId.set(record.id, record)
  }

  delete(id: string): void {
    this.#disorder()
    this.#byId.delete(id)
  }

  list(afterId: string | null, max: number): RecordRow[] {
    this.#order ??= [...this.#byId.keys()].toSorted(compareBytes)
    const start = afterId === null ? 0 : firstAfter(this.#order, afterId)
    const rows: RecordRow[] = []
    for (let index = start; index < this.#order.length && rows.length < max; index += 1) {
      const row = this.#byId.get(this.#order[index] as string)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  /** The ids change now, and change back if the transaction fails. */
  #disorder(): void {
    this.#order = null
    this.#abortActions.push(() => {
      this.#order = null
    })
  }
}

function firstAfter(order: readonly string[], id: string): number {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareBytes(order[middle] as string, id) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
