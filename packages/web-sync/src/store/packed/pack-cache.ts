import { type RowKey, compareKeys } from '../keys.ts'
import { lowerBound } from '../lower-bound.ts'
import type { EntryKey, PackRow, LayerInfo, TreeName } from '../rows.ts'
import type { RowReader } from '../row-database.ts'
import { findKey, keysOf, packsFrom, textAt } from './pack.ts'
import type { WarmRecords } from './warm-records.ts'

/** Packs that are kept at hand, some 25 MiB; beyond it all are forgotten, so that the memory stays bounded. */
const MAX_PACKS = 1_024
/** Packs that are asked for at once, each with a request of its own. */
const MAX_WAVE = 128
/** With fewer entries of a layer for each key that is looked for, many of them share a pack. */
const DENSE = 64

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
    return lowerBound(this.#packs, ({ pack }) => compareKeys(pack.last, key) < 0)
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
  /** null: no queries are made here. */
  readonly warm: WarmRecords | null

  /** Default: without {@link WarmRecords}. */
  constructor(warm: WarmRecords | null = null) {
    this.warm = warm
  }

  /** A transaction begins that finds packs in this state. */
  begin(state: string): void {
    if (this.#state !== state) {
      this.#layers.clear()
      this.warm?.forget()
    }
    this.#state = state
  }

  /** The transaction changes packs of a layer, or of any. */
  changed(layer?: number): void {
    this.#state = null
    this.warm?.forget()
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
    let lasts: readonly EntryKey[] | null = null
    for (;;) {
      const cache = this.#cacheOf(layer.layer)
      rest = rest.filter((key) => {
        const result = cache.find(key)
        if (typeof result === 'object') found(key, result.text)
        return result === 'unread'
      })
      const [first] = rest
      if (first === undefined) return
      // A request for each pack, all at once: lists of packs take three times as long, for they are not handed over side by side. Of few
      // keys each asks for its own pack; for many it is first seen which packs there are, or neighbours would ask for the same one.
      if (rest.length > MAX_WAVE || layer.entries < rest.length * DENSE)
        lasts ??= await listLasts(tx, tree, layer.layer, first)
      const wave = lasts === null ? rest.map((key) => ({ key, last: key })) : findPacks(rest, lasts)
      const lists = await Promise.all(
        wave.map(({ last }) => tx.list('packs', { range: packsFrom(tree, layer.layer, last), limit: 1 })),
      )
      for (const [index, { key }] of wave.entries()) for (const pack of lists[index] ?? []) cache.add(key, pack)
      // Nothing is behind the last pack: the bounds of a layer may be wider than what it has.
      const end = lists.findIndex((packs) => packs.length === 0)
      const nowhere = wave[end]
      if (nowhere !== undefined) rest = rest.filter((key) => compareKeys(key, nowhere.key) < 0)
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

/** The last keys of a layer's packs, ascending, from the one that may have `from` on. */
async function listLasts(tx: RowReader, tree: TreeName, layer: number, from: EntryKey): Promise<EntryKey[]> {
  const keys = await tx.listKeys('packs', packsFrom(tree, layer, from), Infinity)
  return keys.map((key) => (key as readonly RowKey[]).at(-1) as EntryKey)
}

/** The first packs that have some of the keys (both ascending), each with the first of its keys; a key behind all of them for itself. */
function findPacks(keys: readonly EntryKey[], lasts: readonly EntryKey[]): { key: EntryKey; last: EntryKey }[] {
  const wave: { key: EntryKey; last: EntryKey }[] = []
  let at = -1
  for (const key of keys) {
    if (at >= 0 && at < lasts.length && compareKeys(lasts[at] as EntryKey, key) >= 0) continue
    if (wave.length === MAX_WAVE) break
    at = findKey(lasts, key)
    wave.push({ key, last: lasts[at] ?? key })
    if (at === lasts.length) break
  }
  return wave
}
