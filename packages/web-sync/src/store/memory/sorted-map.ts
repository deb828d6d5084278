import { type RowKey, type RowKeyRange, compareKeys } from '../keys.ts'

interface Entry<Value> {
  readonly key: RowKey
  readonly value: Value
}

/** Chunks are cut in two beyond this length, so that an insertion moves little. */
const MAX_CHUNK = 512

/** A map in the order of its keys. */
export class SortedMap<Value> {
  #chunks: Entry<Value>[][] = [[]]
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: RowKey): Value | undefined {
    const { chunk, index, isFound } = this.#find(key)
    return isFound ? this.#entryAt(chunk, index).value : undefined
  }

  /** Returns what was there before. */
  set(key: RowKey, value: Value): Value | undefined {
    const { chunk, index, isFound } = this.#find(key)
    const entries = this.#chunks[chunk] as Entry<Value>[]
    if (isFound) {
      const before = this.#entryAt(chunk, index).value
      entries[index] = { key, value }
      return before
    }
    entries.splice(index, 0, { key, value })
    this.#size += 1
    if (entries.length > MAX_CHUNK) this.#chunks.splice(chunk + 1, 0, entries.splice(MAX_CHUNK / 2))
    return undefined
  }

  /** Returns what was there. */
  delete(key: RowKey): Value | undefined {
    const { chunk, index, isFound } = this.#find(key)
    if (!isFound) return undefined
    const entries = this.#chunks[chunk] as Entry<Value>[]
    const [removed] = entries.splice(index, 1)
    this.#size -= 1
    if (entries.length === 0 && this.#chunks.length > 1) this.#chunks.splice(chunk, 1)
    return removed?.value
  }

  /** Entries of a range in order; null: of all. Must not be changed meanwhile. */
  *entries(range: RowKeyRange | null, direction: 'asc' | 'desc' = 'asc'): Generator<readonly [RowKey, Value]> {
    const step = direction === 'asc' ? 1 : -1
    let { chunk, index } = this.#startOf(range, direction)
    while (chunk >= 0 && chunk < this.#chunks.length) {
      const entries = this.#chunks[chunk] as Entry<Value>[]
      for (; index >= 0 && index < entries.length; index += step) {
        const { key, value } = entries[index] as Entry<Value>
        if (range !== null && isBeyond(key, range, direction)) return
        yield [key, value]
      }
      chunk += step
      index = step === 1 ? 0 : (this.#chunks[chunk]?.length ?? 0) - 1
    }
  }

  /** A copy that shares keys and values. */
  copy(): SortedMap<Value> {
    const copy = new SortedMap<Value>()
    copy.#chunks = this.#chunks.map((chunk) => [...chunk])
    copy.#size = this.#size
    return copy
  }

  #entryAt(chunk: number, index: number): Entry<Value> {
    return (this.#chunks[chunk] as Entry<Value>[])[index] as Entry<Value>
  }

  #startOf(range: RowKeyRange | null, direction: 'asc' | 'desc'): { chunk: number; index: number } {
    const last = this.#chunks.length - 1
    if (range === null) {
      return direction === 'asc'
        ? { chunk: 0, index: 0 }
        : { chunk: last, index: (this.#chunks[last] as []).length - 1 }
    }
    if (direction === 'asc') {
      const found = this.#find(range.lower)
      return { chunk: found.chunk, index: found.isFound && range.isLowerOpen === true ? found.index + 1 : found.index }
    }
    const found = this.#find(range.upper)
    // At the upper key itself, or at the last one before it; index −1 goes on with the chunk before.
    return { chunk: found.chunk, index: found.isFound && range.isUpperOpen !== true ? found.index : found.index - 1 }
  }

  /** Where a key is, or where it would be put in. */
  #find(key: RowKey): { chunk: number; index: number; isFound: boolean } {
    const chunk = this.#findChunk(key)
    const entries = this.#chunks[chunk] as Entry<Value>[]
    let low = 0
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      const order = compareKeys((entries[middle] as Entry<Value>).key, key)
      if (order === 0) return { chunk, index: middle, isFound: true }
      if (order < 0) low = middle + 1
      else high = middle
    }
    return { chunk, index: low, isFound: false }
  }

  /** The last chunk that begins at or before the key. */
  #findChunk(key: RowKey): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (compareKeys(this.#entryAt(middle, 0).key, key) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }
}

function isBeyond(key: RowKey, range: RowKeyRange, direction: 'asc' | 'desc'): boolean {
  if (direction === 'asc') {
    const order = compareKeys(key, range.upper)
    return order > 0 || (order === 0 && range.isUpperOpen === true)
  }
  const order = compareKeys(key, range.lower)
  return order < 0 || (order === 0 && range.isLowerOpen === true)
}
