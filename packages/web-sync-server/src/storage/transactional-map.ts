/** How to take back what a transaction has written so far, newest last. */
export type AbortActions = (() => void)[]

/** A map whose writes can be taken back. */
export class TransactionalMap<K, V> {
  readonly #map = new Map<K, V>()
  readonly #abortActions: AbortActions

  constructor(abortActions: AbortActions) {
    this.#abortActions = abortActions
  }

  /** Takes over what another map holds; rows are never changed in place, so they may be shared. */
  copyFrom(other: TransactionalMap<K, V>): void {
    for (const [key, value] of other.#map) this.#map.set(key, value)
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  has(key: K): boolean {
    return this.#map.has(key)
  }

  values(): IterableIterator<V> {
    return this.#map.values()
  }

  keys(): IterableIterator<K> {
    return this.#map.keys()
  }

  get size(): number {
    return this.#map.size
  }

  set(key: K, value: V): void {
    this.#remember(key)
    this.#map.set(key, value)
  }

  delete(key: K): void {
    if (!this.#map.has(key)) return
    this.#remember(key)
    this.#map.delete(key)
  }

  #remember(key: K): void {
    const isThere = this.#map.has(key)
    const before = this.#map.get(key)
    this.#abortActions.push(() => {
      if (isThere) this.#map.set(key, before as V)
      else this.#map.delete(key)
    })
  }
}
