import { compareKeys } from '../keys.ts'
import type { RowWriter } from '../row-database.ts'
import type { EntryKey, PackRow, RunInfo, TreeInfo } from '../rows.ts'
import { mergeEntries, widen } from './add-entries.ts'
import { type Entry, KEYS_END, decodePack, encodePacks, isLive, packKey, packsFrom } from './pack.ts'
import type { PackSizes } from './pack-sizes.ts'

/** A run takes in the newer ones when together they have one entry for so many of its own: so there are few runs, of growing sizes. */
const RATIO = 4
/** The most runs that are merged into an older one at once. */
const FAN_IN = 8

/** Where a tree's next step of merging begins: the number of the run that takes in newer ones; -1: nothing is to be done. */
export function findMerge({ runs }: TreeInfo): number {
  let newer = 0
  let found = -1
  for (let index = runs.length - 2; index >= 0; index -= 1) {
    newer += (runs[index + 1] as RunInfo).entries
    if (newer * RATIO >= (runs[index] as RunInfo).entries) found = index
  }
  return found
}

/**
 * One short step: entries from the beginning of the newer runs move into the older run `into`, as far as the first pack of each
 * reaches. Each entry is in one run before and after the step, and which one is the newest does not change: so nothing needs to be
 * remembered of a merge that is under way, and it can stop after any step.
 */
export async function mergeStep(tx: RowWriter, tree: TreeInfo, into: number, sizes: PackSizes): Promise<TreeInfo> {
  const target = tree.runs[into] as RunInfo
  const newer = tree.runs.slice(into + 1, into + 1 + FAN_IN)
  const heads = await Promise.all(newer.map((run) => readFirst(tx, tree, run)))
  const { packs, bound } = await readTarget(tx, tree, target, heads, sizes)
  let moved: Entry[] = []
  const runs: RunInfo[] = []
  for (const head of heads) {
    const taken = head.entries.filter(({ key }) => compareKeys(key, bound) <= 0)
    moved = mergeEntries(moved, taken)
    const rest = head.entries.slice(taken.length)
    const left = shorten(tx, tree, head, rest)
    if (left !== null) runs.push(left)
  }
  const before = packs.flatMap((pack) => decodePack(pack))
  const merged = mergeEntries(before, moved)
  // In the oldest run there is nothing to hide.
  const entries = into === 0 ? merged.filter(isLive) : merged
  for (const pack of packs) tx.delete('packs', packKey(tree, target.run, pack.last))
  for (const pack of encodePacks(tree, target.run, entries, sizes)) tx.put('packs', pack)
  const count = target.entries - before.length + entries.length
  const [first, last] = [moved[0], moved.at(-1)]
  const grown = first === undefined || last === undefined ? target : widen(target, first, last)
  const result = count === 0 ? [] : [{ ...grown, entries: count }]
  return {
    ...tree,
    runs: [...tree.runs.slice(0, into), ...result, ...runs, ...tree.runs.slice(into + 1 + newer.length)],
  }
}

/** The first pack of a run, and what is in it. */
interface Head {
  readonly run: RunInfo
  readonly pack: PackRow | undefined
  readonly entries: readonly Entry[]
  /** True if the run has no other pack. */
  readonly isLast: boolean
}

async function readFirst(tx: RowWriter, tree: TreeInfo, run: RunInfo): Promise<Head> {
  const [pack, next] = await tx.list('packs', { range: packsFrom(tree, run.run, []), limit: 2 })
  return { run, pack, entries: pack === undefined ? [] : decodePack(pack), isLast: next === undefined }
}

/** The packs of the older run that this step writes anew, and the last key that it moves. */
async function readTarget(
  tx: RowWriter,
  tree: TreeInfo,
  target: RunInfo,
  heads: readonly Head[],
  sizes: PackSizes,
): Promise<{ readonly packs: readonly PackRow[]; readonly bound: EntryKey }> {
  let from = KEYS_END
  let bound = KEYS_END
  for (const { pack, entries, isLast } of heads) {
    const [first] = entries
    if (first !== undefined && compareKeys(first.key, from) < 0) from = first.key
    if (pack !== undefined && !isLast && compareKeys(pack.last, bound) < 0) bound = pack.last
  }
  const listed = await tx.list('packs', { range: packsFrom(tree, target.run, from), limit: sizes.mergePacks })
  const end = listed.findIndex((pack) => compareKeys(pack.last, bound) >= 0)
  if (end !== -1) return { packs: listed.slice(0, end + 1), bound }
  // There may be more of them: the rest is for the next steps.
  const isCut = listed.length === sizes.mergePacks
  return { packs: listed, bound: isCut ? (listed.at(-1) as PackRow).last : bound }
}

/** Leaves of a run's first pack what was not moved; null: the run is used up. */
function shorten(
  tx: RowWriter,
  tree: TreeInfo,
  { run, pack, entries, isLast }: Head,
  rest: readonly Entry[],
): RunInfo | null {
  if (pack === undefined) return null
  const [first] = rest
  if (first === undefined) {
    tx.delete('packs', packKey(tree, run.run, pack.last))
    return isLast ? null : { ...run, entries: Math.max(1, run.entries - entries.length) }
  }
  if (rest.length === entries.length) return run
  tx.put('packs', {
    ...pack,
    keys: JSON.stringify(rest.map(({ key }) => key)),
    texts: rest.map(({ text }) => text),
  })
  return { ...run, first: first.key, entries: Math.max(1, run.entries - entries.length + rest.length) }
}
