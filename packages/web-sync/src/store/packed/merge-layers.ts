import { type RowKeyRange, compareKeys, isInRange } from '../keys.ts'
import type { RowReader } from '../row-database.ts'
import type { PackRow, LayerInfo, TreeInfo, TreeName } from '../rows.ts'
import { type Entry, type LiveEntry, decodePack, isLive, packKey, packsFrom } from './pack.ts'

/** Packs that a layer reads at once, at most; it begins with one and doubles. */
const MAX_BATCH = 16

/** Reads one layer through a range, pack by pack. */
class LayerReader {
  readonly #tx: RowReader
  readonly #tree: TreeName
  readonly #layer: number
  readonly #range: RowKeyRange
  readonly #direction: 'asc' | 'desc'
  #entries: readonly Entry[] = []
  #at = 0
  #batch = 1
  #last: PackRow | null = null
  #isDone = false
  /** True until the pack that reaches the range's end was looked for; only when reading backwards. */
  #mayReachBeyond: boolean

  constructor(tx: RowReader, tree: TreeName, layer: LayerInfo, range: RowKeyRange, direction: 'asc' | 'desc') {
    this.#tx = tx
    this.#tree = tree
    this.#layer = layer.layer
    this.#range = range
    this.#direction = direction
    this.#mayReachBeyond = compareKeys(layer.last, range.upper) >= 0
    this.#isDone = compareKeys(layer.first, range.upper) > 0 || compareKeys(layer.last, range.lower) < 0
  }

  /** The next entry; undefined: none, or none loaded. */
  get head(): Entry | undefined {
    return this.#entries[this.#at]
  }

  /** True if more must be loaded before `head` can be trusted. */
  get isHungry(): boolean {
    return this.head === undefined && !this.#isDone
  }

  advance(): void {
    this.#at += 1
  }

  async load(): Promise<void> {
    const packs = await (this.#direction === 'asc' ? this.#loadAscending() : this.#loadDescending())
    const entries = packs.flatMap((pack) => decodePack(pack)).filter(({ key }) => isInRange(key, this.#range))
    this.#entries = this.#direction === 'asc' ? entries : entries.toReversed()
    this.#at = 0
    this.#batch = Math.min(2 * this.#batch, MAX_BATCH)
  }

  async #loadAscending(): Promise<PackRow[]> {
    const from = this.#last === null ? (this.#range.lower as PackRow['last']) : this.#last.last
    const range = packsFrom(this.#tree, this.#layer, from, this.#last !== null)
    const packs = await this.#tx.list('packs', { range, limit: this.#batch })
    this.#last = packs.at(-1) ?? this.#last
    this.#isDone = packs.length < this.#batch || compareKeys(this.#last?.last ?? [], this.#range.upper) >= 0
    return packs
  }

  /** Returned ascending. The first one may reach beyond the range; from then on packs are those before it. */
  async #loadDescending(): Promise<PackRow[]> {
    const { lower, upper } = this.#range
    if (this.#mayReachBeyond) {
      this.#mayReachBeyond = false
      const [pack] = await this.#tx.list('packs', {
        range: packsFrom(this.#tree, this.#layer, upper as PackRow['last']),
        limit: 1,
      })
      if (pack !== undefined) {
        this.#last = pack
        return [pack]
      }
    }
    const before = this.#last?.last ?? (upper as PackRow['last'])
    const range: RowKeyRange = {
      lower: packKey(this.#tree, this.#layer, lower as PackRow['last']),
      upper: packKey(this.#tree, this.#layer, before),
      isUpperOpen: true,
    }
    const packs = await this.#tx.list('packs', { range, direction: 'desc', limit: this.#batch })
    this.#last = packs.at(-1) ?? this.#last
    this.#isDone = packs.length < this.#batch
    return packs.toReversed()
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
  // Newest first: of equal keys the first one counts.
  const readers = tree.layers.map((layer) => new LayerReader(tx, tree, layer, range, direction)).toReversed()
  const sign = direction === 'asc' ? 1 : -1
  for (;;) {
    const hungry = readers.filter((reader) => reader.isHungry)
    // Each of them is at the end of what it has read: a pack of entries out of range may have to be passed over.
    await Promise.all(hungry.map((reader) => reader.load()))
    if (readers.some((reader) => reader.isHungry)) continue
    const next = nextOf(readers, sign)
    if (next === undefined) return
    for (const reader of readers) {
      if (reader.head !== undefined && compareKeys(reader.head.key, next.key) === 0) reader.advance()
    }
    if (isLive(next) && take(next)) return
  }
}

function nextOf(readers: readonly LayerReader[], sign: number): Entry | undefined {
  let next: Entry | undefined
  for (const { head } of readers) {
    if (head !== undefined && (next === undefined || sign * compareKeys(head.key, next.key) < 0)) next = head
  }
  return next
}
