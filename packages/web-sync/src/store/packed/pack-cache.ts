import { compareKeys } from '../keys.ts'
import type { EntryKey, PackRow, LayerInfo, TreeName } from '../rows.ts'
import type { RowReader } from '../row-database.ts'
import { findKey, keysOf, packsFrom, textAt } from './pack.ts'

/** Packs that are kept at hand, some 25 MiB; beyond it all are forgotten, so that the memory stays bounded. */
const MAX_PACKS = 1_024
/** Keys that are looked for with a request each, at once; it is then seen which others they have answered. */
const MAX_WAVE = 128
/** With fewer entries of a layer for each key that is looked for, packs are read in lists of so many. */
const DENSE = 384
const MAX_LIST = 32

interface CachedPack {
  /** No key from here to the pack's last one is in another pack of the layer. */
  readonly from: EntryKey
  readonly pack: PackRow
  /** Parsed when they are first asked for. */
  keys?: readonly EntryKey[]
}

/** The packs of one layer that were read. */
class LayerCache {
  readonly #packs: CachedPack[] = []

  get size(): number {
    return this.#packs.length
  }

  add(from: EntryKey, pack: PackRow): void {
    const at = this.#at(pack.last)
    const there = this.#packs[at]
    if (there === undefined || compareKeys(there.pack.last, pack.last) !== 0) {
      this.#packs.splice(at, 0, { from, pack })
    } else if (compareKeys(from, there.from) < 0) {
      this.#packs[at] = { ...there, from }
    }
  }

  /** The text of a key; `missing`: the layer has no such key; `unread`: its pack is not here. */
  find(key: EntryKey): { readonly text: string | null } | 'missing' | 'unread' {
    const cached = this.#packs[this.#at(key)]
    if (cached === undefined) return 'unread'
    cached.keys ??= keysOf(cached.pack)
    const at = findKey(cached.keys, key)
    const isFound = at < cached.keys.length && compareKeys(cached.keys[at] as EntryKey, key) === 0
    if (isFound) return { text: textAt(cached.pack, at) }
    return at > 0 || compareKeys(cached.from, key) <= 0 ? 'missing' : 'unread'
  }

  /** Where the first pack is whose last key is not below `key`. */
  #at(key: EntryKey): number {
    let low = 0
    let high = this.#packs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareKeys((this.#packs[middle] as CachedPack).pack.last, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * Finds keys in layers, with few requests and no pack read twice while it stays as it is: also by later transactions, as long as nobody
 * else has written packs and what this context writes holds.
 */
export class PackCache {
  #layers = new Map<number, LayerCache>()
  /** The state of all packs that these are of; null: of one that may not hold. */
  #state: string | null = null

  /** A transaction begins that finds packs in this state. */
  begin(state: string): void {
    if (this.#state !== state) this.#layers.clear()
    this.#state = state
  }

  /** The transaction changes packs of a layer, or of any. */
  changed(layer?: number): void {
    this.#state = null
    if (layer === undefined) this.#layers.clear()
    else this.#layers.delete(layer)
  }

  /** The transaction is complete and has left this state. */
  confirm(state: string): void {
    this.#state = state
  }

  /** Finds keys (ascending) in one layer; those that it has not are left out. */
  async find(
    tx: RowReader,
    tree: TreeName,
    layer: LayerInfo,
    keys: readonly EntryKey[],
    found: (key: EntryKey, text: string | null) => void,
  ): Promise<void> {
    let rest = keys.filter((key) => compareKeys(key, layer.first) >= 0 && compareKeys(key, layer.last) <= 0)
    const isDense = layer.entries < rest.length * DENSE
    for (;;) {
      const cache = this.#cacheOf(layer.layer)
      rest = rest.filter((key) => {
        const result = cache.find(key)
        if (typeof result === 'object') found(key, result.text)
        return result === 'unread'
      })
      if (rest.length === 0) return
      // Where keys lie closely, packs are read one after the other, many with each request, which costs more than what is in them; where
      // they lie far from each other, each key's own.
      const limit = isDense ? MAX_LIST : 1
      const asked = isDense ? rest.slice(0, 1) : spread(rest, MAX_WAVE)
      const lists = await Promise.all(
        asked.map((key) => tx.list('packs', { range: packsFrom(tree, layer.layer, key), limit })),
      )
      for (const [index, packs] of lists.entries()) {
        let from = asked[index] as EntryKey
        for (const pack of packs) {
          cache.add(from, pack)
          from = pack.last
        }
        // Nothing is behind them: the bounds of a layer may be wider than what it has.
        if (packs.length < limit) rest = rest.filter((key) => compareKeys(key, from) < (packs.length === 0 ? 0 : 1))
      }
    }
  }

  #cacheOf(layer: number): LayerCache {
    const size = [...this.#layers.values()].reduce((sum, cache) => sum + cache.size, 0)
    if (size > MAX_PACKS) this.#layers.clear()
    const cache = this.#layers.get(layer) ?? new LayerCache()
    this.#layers.set(layer, cache)
    return cache
  }
}

/** At most so many of the keys, evenly spread: neighbours are often in one pack. */
function spread(keys: readonly EntryKey[], most: number): readonly EntryKey[] {
  if (keys.length <= most) return keys
  return Array.from({ length: most }, (_, index) => keys[Math.floor((index * keys.length) / most)] as EntryKey)
}
