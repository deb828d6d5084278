import { type RowKeyRange, compareKeys, isInRange } from '../keys.ts'
import type { RowReader } from '../row-database.ts'
import type { EntryKey, PackRow, LayerInfo, TreeInfo, TreeName } from '../rows.ts'
import { KEYS_END, type LiveEntry, findKey, isLive, keysOf, packKey, packsFrom, textsOf } from './pack.ts'

/** Packs that a layer reads at once, at most; it begins with one and doubles. */
const MAX_BATCH = 16

/** What of a pack lies in a range. Only its keys are parsed: of many layers most keys are only compared. */
class PackSlice {
  readonly #pack: PackRow
  readonly #keys: readonly EntryKey[]
  readonly #step: 1 | -1
  #texts: readonly (string | null)[] | null = null
  #at: number
  #left: number

  constructor(pack: PackRow, range: RowKeyRange, direction: 'asc' | 'desc') {
    this.#pack = pack
    this.#keys = keysOf(pack)
    let from = findKey(this.#keys, range.lower as EntryKey)
    let end = findKey(this.#keys, range.upper as EntryKey)
    // An open bound leaves out an entry with just its key, a closed one has it.
    if (from < this.#keys.length && !isInRange(this.#keys[from] as EntryKey, range)) from += 1
    if (end < this.#keys.length && isInRange(this.#keys[end] as EntryKey, range)) end += 1
    this.#step = direction === 'asc' ? 1 : -1
    this.#at = direction === 'asc' ? from : end - 1
    this.#left = end - from
  }

  get key(): EntryKey | undefined {
    return this.#left > 0 ? this.#keys[this.#at] : undefined
  }

  /** The text of the entry with that key. */
  get text(): string | null {
    this.#texts ??= textsOf(this.#pack)
    return this.#texts[this.#at] ?? null
  }

  advance(): void {
    this.#at += this.#step
    this.#left -= 1
  }
}

/** Reads one layer through a range, pack by pack. */
class LayerReader {
  readonly #tx: RowReader
  readonly #tree: TreeName
  /** Its number: the newer, the larger. */
  readonly layer: number
  readonly #range: RowKeyRange
  readonly #direction: 'asc' | 'desc'
  /** The next one first. */
  #slices: PackSlice[] = []
  #batch = 1
  #last: PackRow | null = null
  #isDone = false
  /** True until the pack that reaches the range's end was looked for; only when reading backwards. */
  #mayReachBeyond: boolean

  constructor(tx: RowReader, tree: TreeName, layer: LayerInfo, range: RowKeyRange, direction: 'asc' | 'desc') {
    this.#tx = tx
    this.#tree = tree
    this.layer = layer.layer
    this.#range = range
    this.#direction = direction
    this.#mayReachBeyond = compareKeys(layer.last, range.upper) >= 0
    this.#isDone = compareKeys(layer.first, range.upper) > 0 || compareKeys(layer.last, range.lower) < 0
  }

  /** Key of the next entry; undefined: none, or none loaded. */
  get key(): EntryKey | undefined {
    return this.#slices[0]?.key
  }

  /** Text of the next entry. */
  get text(): string | null {
    return this.#slices[0]?.text ?? null
  }

  /** True if more must be loaded before `key` can be trusted. */
  get isHungry(): boolean {
    return this.key === undefined && !this.#isDone
  }

  advance(): void {
    this.#slices[0]?.advance()
    this.#skipEmpty()
  }

  async load(): Promise<void> {
    const packs = await (this.#direction === 'asc' ? this.#loadAscending() : this.#loadDescending())
    this.#slices = packs.map((pack) => new PackSlice(pack, this.#range, this.#direction))
    this.#skipEmpty()
    this.#batch = Math.min(2 * this.#batch, MAX_BATCH)
  }

  #skipEmpty(): void {
    while (this.#slices.length > 0 && this.key === undefined) this.#slices.shift()
  }

  async #loadAscending(): Promise<PackRow[]> {
    const from = this.#last === null ? (this.#range.lower as PackRow['last']) : this.#last.last
    const range = packsFrom(this.#tree, this.layer, from, this.#last !== null)
    const packs = await this.#tx.list('packs', { range, limit: this.#batch })
    this.#last = packs.at(-1) ?? this.#last
    this.#isDone = packs.length < this.#batch || compareKeys(this.#last?.last ?? [], this.#range.upper) >= 0
    return packs
  }

  /** Returned descending. The first one may reach beyond the range; from then on packs are those before it. */
  async #loadDescending(): Promise<PackRow[]> {
    const { lower, upper } = this.#range
    if (this.#mayReachBeyond) {
      this.#mayReachBeyond = false
      const [pack] = await this.#tx.list('packs', {
        range: packsFrom(this.#tree, this.layer, upper as PackRow['last']),
        limit: 1,
      })
      if (pack !== undefined) {
        this.#last = pack
        return [pack]
      }
    }
    const before = this.#last?.last ?? (upper as PackRow['last'])
    const range: RowKeyRange = {
      lower: packKey(this.#tree, this.layer, lower as PackRow['last']),
      upper: packKey(this.#tree, this.layer, before),
      isUpperOpen: true,
    }
    const packs = await this.#tx.list('packs', { range, direction: 'desc', limit: this.#batch })
    this.#last = packs.at(-1) ?? this.#last
    this.#isDone = packs.length < this.#batch
    return packs
  }
}

/**
 * The entries of a tree in a range, in order, at most `limit`; of entries with one key only the newest, and none that was removed.
 * Packs are read as they are needed.
 */
export async function listEntries(
  tx: RowReader,
  tree: TreeInfo,
  range: RowKeyRange,
  direction: 'asc' | 'desc',
  limit: number,
): Promise<LiveEntry[]> {
  const found: LiveEntry[] = []
  await readEntries(tx, tree, range, direction, (entry) => found.push(entry) >= limit)
  return found
}

/** How many entries of a tree lie in a range. */
export async function countEntries(tx: RowReader, tree: TreeInfo, range: RowKeyRange): Promise<number> {
  let count = 0
  await readEntries(tx, tree, range, 'asc', () => {
    count += 1
    return false
  })
  return count
}

async function readEntries(
  tx: RowReader,
  tree: TreeInfo,
  range: RowKeyRange,
  direction: 'asc' | 'desc',
  take: (entry: LiveEntry) => boolean,
): Promise<void> {
  const sign = direction === 'asc' ? 1 : -1
  // The one with the next entry first; of equal keys the newest, which counts.
  const queue: LayerReader[] = []
  let moved = tree.layers.map((layer) => new LayerReader(tx, tree, layer, range, direction))
  for (;;) {
    // A pack may have nothing of the range: then its successor is read, too.
    for (let hungry = moved.filter(isHungry); hungry.length > 0; hungry = hungry.filter(isHungry)) {
      await Promise.all(hungry.map((reader) => reader.load()))
    }
    for (const reader of moved) if (reader.key !== undefined) enqueue(queue, reader, sign)
    const [next] = queue
    const key = next?.key
    if (next === undefined || key === undefined) return
    const entry = { key, text: next.text }
    const others = queue.findIndex((reader) => compareKeys(reader.key ?? KEYS_END, key) !== 0)
    moved = queue.splice(0, others === -1 ? queue.length : others)
    for (const reader of moved) reader.advance()
    if (isLive(entry) && take(entry)) return
  }
}

function isHungry(reader: LayerReader): boolean {
  return reader.isHungry
}

function enqueue(queue: LayerReader[], reader: LayerReader, sign: 1 | -1): void {
  let low = 0
  let high = queue.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = queue[middle] as LayerReader
    const order = sign * compareKeys(other.key ?? KEYS_END, reader.key ?? KEYS_END)
    // Of layers the newer one has the larger number.
    if (order < 0 || (order === 0 && other.layer > reader.layer)) low = middle + 1
    else high = middle
  }
  queue.splice(low, 0, reader)
}
