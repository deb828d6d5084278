import { compareKeys } from '../keys.ts'
import type { RowWriter } from '../row-database.ts'
import type { PackRow, LayerInfo, TreeInfo } from '../rows.ts'
import { type Entry, RECORDS, compareEntries, decodePack, encodePacks, isLive, packKey, packsFrom } from './pack.ts'
import type { PackSizes } from './pack-sizes.ts'

/**
 * Writes entries (sorted, each key once) over those that a tree has; returns the tree as it is then. Where they follow all that the
 * newest layer has, as the pages of a snapshot do, they are appended to it; few of them join a newest layer that is one pack; else they are a
 * new layer with number `nextLayer`.
 */
export async function addEntries(
  tx: RowWriter,
  tree: TreeInfo,
  entries: readonly Entry[],
  nextLayer: number,
  sizes: PackSizes,
): Promise<TreeInfo> {
  const [first] = entries
  if (first === undefined) return tree
  const newest = tree.layers.at(-1)
  const older = tree.layers.slice(0, -1)
  const most = tree.tree === RECORDS ? sizes.records : sizes.entries
  if (newest !== undefined && compareKeys(first.key, newest.last) > 0) {
    // The last pack is filled up: single records that follow each other would be a pack each.
    const [last] = await tx.list('packs', { range: packsFrom(tree, newest.layer, newest.last), limit: 1 })
    const begun = last === undefined ? [] : decodePack(last)
    const isFull = begun.length >= most / 2
    const all = isFull ? entries : [...begun, ...entries]
    const kept = newest.entries - (isFull ? 0 : begun.length)
    return writeLayer(tx, tree, older, { ...newest, entries: kept }, isFull ? [] : toList(last), all, sizes)
  }
  if (newest !== undefined && newest.entries + entries.length <= most) {
    const [only, other] = await tx.list('packs', { range: packsFrom(tree, newest.layer, []), limit: 2 })
    if (only !== undefined && other === undefined) {
      const all = mergeEntries(decodePack(only), entries)
      return writeLayer(tx, tree, older, { ...newest, entries: 0 }, [only], all, sizes)
    }
  }
  const empty: LayerInfo = { layer: nextLayer, entries: 0, first: first.key, last: first.key }
  return writeLayer(tx, tree, tree.layers, empty, [], entries, sizes)
}

/** Joins sorted lists, the oldest first; of entries with one key the newest stays. */
export function mergeEntries(...lists: readonly (readonly Entry[])[]): Entry[] {
  // Stable, and made for runs that are sorted already: half the time of a merge by hand.
  const sorted = lists.flat().toSorted(compareEntries)
  return sorted.filter(({ key }, index) => {
    const next = sorted[index + 1]
    return next === undefined || compareKeys(key, next.key) !== 0
  })
}

/** A layer with the bounds that it has with these entries (sorted), too. */
export function widen(layer: LayerInfo, entries: readonly Entry[]): LayerInfo {
  const [first, last] = [entries[0], entries.at(-1)]
  if (first === undefined || last === undefined) return layer
  return {
    ...layer,
    first: compareKeys(first.key, layer.first) < 0 ? first.key : layer.first,
    last: compareKeys(last.key, layer.last) > 0 ? last.key : layer.last,
  }
}

/** Replaces packs of a layer by entries; the layer is the newest of the tree. Without older layers nothing needs to be hidden. */
function writeLayer(
  tx: RowWriter,
  tree: TreeInfo,
  older: readonly LayerInfo[],
  layer: LayerInfo,
  replaced: readonly PackRow[],
  entries: readonly Entry[],
  sizes: PackSizes,
): TreeInfo {
  const left = older.length === 0 ? entries.filter(isLive) : entries
  for (const pack of replaced) tx.delete('packs', packKey(tree, layer.layer, pack.last))
  for (const pack of encodePacks(tree, layer.layer, left, sizes)) tx.put('packs', pack)
  const count = layer.entries + left.length
  return { ...tree, layers: count === 0 ? older : [...older, { ...widen(layer, left), entries: count }] }
}

function toList(pack: PackRow | undefined): PackRow[] {
  return pack === undefined ? [] : [pack]
}
