import { type RowKeyRange, compareKeys, isInRange } from '../keys.ts'
import { lowerBound } from '../lower-bound.ts'
import type { RowReader } from '../row-database.ts'
import type { EntryKey, PackRow, LayerInfo, TreeInfo, TreeName } from '../rows.ts'
import { type Entry, type LiveEntry, KEYS_END, decodePack, isLive, packKey, packsFrom } from './pack.ts'

/** Packs that a layer reads at once, at most; it begins with one and doubles. */
const MAX_BATCH = 16

/** Reads one layer through a range, pack by pack. */
class LayerReader {
  readonly #tx: RowReader
  readonly #tree: TreeName
  /** Its number: the newer, the larger. */
  readonly layer: number
  readonly #range: RowKeyRange
  readonly #direction: 'asc' | 'desc'
  /** The next one last. */
  #entries: Entry[] = []
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

  /** The next entry; undefined: none, or none loaded. */
  get head(): Entry | undefined {
    return this.#entries.at(-1)
  }

  /** True if more must be loaded before `head` can be trusted. */
  get isHungry(): boolean {
    return this.head === undefined && !this.#isDone
  }

  advance(): void {
    this.#entries.pop()
  }

  async load(): Promise<void> {
    const packs = await (this.#direction === 'asc' ? this.#loadAscending() : this.#loadDescending())
    const entries = packs.flatMap((pack) => decodeRange(pack, this.#range))
    this.#entries = this.#direction === 'asc' ? entries.toReversed() : entries
    this.#batch = Math.min(2 * this.#batch, MAX_BATCH)
  }

  async #loadAscending(): Promise<PackRow[]> {
    const from = this.#last === null ? (this.#range.lower as PackRow['last']) : this.#last.last
    const range = packsFrom(this.#tree, this.layer, from, this.#last !== null)
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
  const sign = direction === 'asc' ? 1 : -1
  // The one with the next entry first; of equal keys the newest, which counts.
  const queue: LayerReader[] = []
  let moved = tree.layers.map((layer) => new LayerReader(tx, tree, layer, range, direction))
  for (;;) {
    // A pack may have nothing of the range: then its successor is read, too.
    while (moved.some(isHungry)) await Promise.all(moved.filter(isHungry).map((reader) => reader.load()))
    for (const reader of moved) if (reader.head !== undefined) enqueue(queue, reader, sign)
    const next = queue[0]?.head
    if (next === undefined) return
    const others = queue.findIndex((reader) => compareKeys(keyOf(reader), next.key) !== 0)
    moved = queue.splice(0, others === -1 ? queue.length : others)
    for (const reader of moved) reader.advance()
    if (isLive(next) && take(next)) return
  }
}

function isHungry(reader: LayerReader): boolean {
  return reader.isHungry
}

function enqueue(queue: LayerReader[], reader: LayerReader, sign: 1 | -1): void {
  const at = lowerBound(queue, (other) => {
    const order = sign * compareKeys(keyOf(other), keyOf(reader))
    // Of layers the newer one has the larger number.
    return order < 0 || (order === 0 && other.layer > reader.layer)
  })
  queue.splice(at, 0, reader)
}

/** Of a reader that has something. */
function keyOf(reader: LayerReader): EntryKey {
  return (reader.head as Entry).key
}

/** The entries of a pack that lie in a range: its ends are looked for, for to compare each key takes as long as to parse it. */
function decodeRange(pack: PackRow, range: RowKeyRange): Entry[] {
  const entries = decodePack(pack)
  const [fromLower, toUpper] = [
    { ...range, upper: KEYS_END },
    { ...range, lower: [] },
  ]
  return entries.slice(
    lowerBound(entries, ({ key }) => !isInRange(key, fromLower)),
    lowerBound(entries, ({ key }) => isInRange(key, toUpper)),
  )
}
