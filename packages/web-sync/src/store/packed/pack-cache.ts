import { compareKeys } from '../keys.ts'
import type { EntryKey, PackRow, LayerInfo, TreeName } from '../rows.ts'
import type { RowReader } from '../row-database.ts'
import { findKey, keysOf, packsFrom } from './pack.ts'

/** Packs that one transaction keeps at hand; beyond it all are forgotten, so that the memory stays bounded. */
const MAX_PACKS = 1_024
/** Packs that are asked for at once, before it is seen how many keys each of them answers; the first time fewer if keys may be neighbours. */
const MAX_WAVE = 128
const FIRST_WAVE = 32
/** With so many entries of the layer for each key that is looked for, hardly two of them are in one pack. */
const SPARSE = 128

interface CachedPack {
  /** No key from here to the pack's last one is in another pack of the layer. */
  readonly from: EntryKey
  readonly pack: PackRow
  keys: readonly EntryKey[] | null
}

/** The packs of one layer that a transaction has read. */
class LayerCache {
  readonly #packs: CachedPack[] = []

  get size(): number {
    return this.#packs.length
  }

  add(from: EntryKey, pack: PackRow): void {
    const at = this.#at(pack.last)
    const there = this.#packs[at]
    if (there === undefined || compareKeys(there.pack.last, pack.last) !== 0) {
      this.#packs.splice(at, 0, { from, pack, keys: null })
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
    if (isFound) return { text: cached.pack.texts[at] ?? null }
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

/** Finds keys in layers, with few requests and no pack read twice in a transaction. */
export class PackCache {
  readonly #tx: RowReader
  #layers = new Map<number, LayerCache>()

  constructor(tx: RowReader) {
    this.#tx = tx
  }

  /** Forgets all packs: they were written. */
  clear(): void {
    this.#layers.clear()
  }

  /** Finds keys (ascending) in one layer; those that it has not are left out. */
  async find(
    tree: TreeName,
    layer: LayerInfo,
    keys: readonly EntryKey[],
    found: (key: EntryKey, text: string | null) => void,
  ): Promise<void> {
    let rest = keys.filter((key) => compareKeys(key, layer.first) >= 0 && compareKeys(key, layer.last) <= 0)
    const isSparse = rest.length * SPARSE < layer.entries
    for (let most = isSparse ? MAX_WAVE : FIRST_WAVE; ; most = MAX_WAVE) {
      const cache = this.#cacheOf(layer.layer)
      rest = rest.filter((key) => {
        const result = cache.find(key)
        if (typeof result === 'object') found(key, result.text)
        return result === 'unread'
      })
      if (rest.length === 0) return
      const wave = spread(rest, most)
      const packs = await Promise.all(
        wave.map((key) => this.#tx.list('packs', { range: packsFrom(tree, layer.layer, key), limit: 1 })),
      )
      for (const [index, [pack]] of packs.entries()) {
        const key = wave[index] as EntryKey
        if (pack !== undefined) cache.add(key, pack)
        // Nothing is behind it: the bounds of a layer may be wider than what it has.
        else rest = rest.filter((other) => compareKeys(other, key) < 0)
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
