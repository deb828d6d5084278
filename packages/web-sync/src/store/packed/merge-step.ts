import { compareKeys } from '../keys.ts'
import type { RowWriter } from '../row-database.ts'
import type { EntryKey, PackRow, LayerInfo, TreeInfo } from '../rows.ts'
import { mergeEntries, widen } from './add-entries.ts'
import { type Entry, KEYS_END, decodePack, encodePacks, isLive, joinTexts, packKey, packsFrom } from './pack.ts'
import type { PackSizes } from './pack-sizes.ts'

/** A layer takes in the newer ones when together they have one entry for so many of its own: so there are few layers, of growing sizes. */
const RATIO = 4
/** The most layers that are merged into an older one at once. */
const FAN_IN = 8
/** Packs that are read of each newer layer: with one, a step would end where the shortest remainder of the steps before it does. */
const HEAD_PACKS = 2

/** Where a tree's next step of merging begins: the number of the layer that takes in newer ones; -1: nothing is to be done. */
export function findMerge({ layers }: TreeInfo): number {
  let newer = 0
  let found = -1
  for (let index = layers.length - 2; index >= 0; index -= 1) {
    newer += (layers[index + 1] as LayerInfo).entries
    if (newer * RATIO >= (layers[index] as LayerInfo).entries) found = index
  }
  return found
}

/**
 * Where a tree with too many layers is merged at once: the run of neighbours that have the fewest entries, of those the oldest. So a
 * first sync of any length writes an entry anew once for each power of {@link FAN_IN}, not once for each few pages as an oldest layer
 * that takes in all would.
 */
export function findSmallest({ layers }: TreeInfo): number {
  const newer = Math.min(FAN_IN, layers.length - 1)
  const sums = layers
    .slice(newer)
    .map((_, from) => layers.slice(from, from + newer + 1).reduce((sum, { entries }) => sum + entries, 0))
  return sums.indexOf(Math.min(...sums))
}

/**
 * One short step: entries from the beginning of the newer layers move into the older layer `into`, as far as the first packs of each
 * reach. Each entry is in one layer before and after the step, and which one is the newest does not change: so nothing needs to be
 * remembered of a merge that is under way, and it can stop after any step.
 */
export async function mergeStep(tx: RowWriter, tree: TreeInfo, into: number, sizes: PackSizes): Promise<TreeInfo> {
  const target = tree.layers[into] as LayerInfo
  const newer = tree.layers.slice(into + 1, into + 1 + FAN_IN)
  const heads = await Promise.all(newer.map((layer) => readFirst(tx, tree, layer)))
  const { packs, bound } = await readTarget(tx, tree, target, heads, sizes)
  const moved: (readonly Entry[])[] = []
  const layers: LayerInfo[] = []
  for (const head of heads) {
    const taken = head.entries.filter(({ key }) => compareKeys(key, bound) <= 0)
    moved.push(taken)
    const left = shorten(tx, tree, head, taken.length)
    if (left !== null) layers.push(left)
  }
  const before = packs.flatMap((pack) => decodePack(pack))
  const merged = mergeEntries(before, ...moved)
  // In the oldest layer there is nothing to hide.
  const entries = into === 0 ? merged.filter(isLive) : merged
  for (const pack of packs) tx.delete('packs', packKey(tree, target.layer, pack.last))
  for (const pack of encodePacks(tree, target.layer, entries, sizes)) tx.put('packs', pack)
  const count = target.entries - before.length + entries.length
  const result = count === 0 ? [] : [{ ...widen(target, merged), entries: count }]
  return {
    ...tree,
    layers: [...tree.layers.slice(0, into), ...result, ...layers, ...tree.layers.slice(into + 1 + newer.length)],
  }
}

/** The first packs of a layer, and what is in them. */
interface Head {
  readonly layer: LayerInfo
  readonly packs: readonly { readonly pack: PackRow; readonly entries: readonly Entry[] }[]
  readonly entries: readonly Entry[]
  /** True if the layer has no other packs. */
  readonly isLast: boolean
}

async function readFirst(tx: RowWriter, tree: TreeInfo, layer: LayerInfo): Promise<Head> {
  const listed = await tx.list('packs', { range: packsFrom(tree, layer.layer, []), limit: HEAD_PACKS + 1 })
  const packs = listed.slice(0, HEAD_PACKS).map((pack) => ({ pack, entries: decodePack(pack) }))
  return { layer, packs, entries: packs.flatMap(({ entries }) => entries), isLast: listed.length <= HEAD_PACKS }
}

/** The packs of the older layer that this step writes anew, and the last key that it moves. */
async function readTarget(
  tx: RowWriter,
  tree: TreeInfo,
  target: LayerInfo,
  heads: readonly Head[],
  sizes: PackSizes,
): Promise<{ readonly packs: readonly PackRow[]; readonly bound: EntryKey }> {
  let from = KEYS_END
  let bound = KEYS_END
  for (const { entries, isLast } of heads) {
    const [first, last] = [entries[0], entries.at(-1)]
    if (first !== undefined && compareKeys(first.key, from) < 0) from = first.key
    if (last !== undefined && !isLast && compareKeys(last.key, bound) < 0) bound = last.key
  }
  const listed = await tx.list('packs', { range: packsFrom(tree, target.layer, from), limit: sizes.mergePacks })
  const end = listed.findIndex((pack) => compareKeys(pack.last, bound) >= 0)
  if (end !== -1) return { packs: listed.slice(0, end + 1), bound }
  // There may be more of them: the rest is for the next steps.
  const isCut = listed.length === sizes.mergePacks
  return { packs: listed, bound: isCut ? (listed.at(-1) as PackRow).last : bound }
}

/** Leaves of a layer's first packs what was not moved; null: the layer is used up. */
function shorten(
  tx: RowWriter,
  tree: TreeInfo,
  { layer, packs, entries, isLast }: Head,
  moved: number,
): LayerInfo | null {
  let start = 0
  for (const { pack, entries: own } of packs) {
    const taken = Math.min(own.length, Math.max(0, moved - start))
    start += own.length
    if (taken === own.length) {
      tx.delete('packs', packKey(tree, layer.layer, pack.last))
    } else if (taken > 0) {
      const rest = own.slice(taken)
      const keys = JSON.stringify(rest.map(({ key }) => key))
      tx.put('packs', { ...pack, keys, texts: joinTexts(rest) })
    }
  }
  if (isLast && moved === entries.length) return null
  return { ...layer, first: entries[moved]?.key ?? layer.first, entries: Math.max(1, layer.entries - moved) }
}
