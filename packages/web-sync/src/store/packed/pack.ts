import { type RowKey, type RowKeyRange, compareKeys } from '../keys.ts'
import { lowerBound } from '../lower-bound.ts'
import type { EntryKey, PackRow, TreeName } from '../rows.ts'
import type { PackSizes } from './pack-sizes.ts'

/** One entry of a tree; its text as in {@link PackRow.texts}. */
export interface Entry {
  readonly key: EntryKey
  readonly text: string | null
}

/** An entry that was not removed. */
export interface LiveEntry extends Entry {
  readonly text: string
}

/** True for an entry that was not removed. */
export function isLive(entry: Entry): entry is LiveEntry {
  return entry.text !== null
}

/** Sorts after every key of an entry. */
export const KEYS_END: EntryKey = [[Number.MAX_VALUE]]

/** The tree that has a collection's records; all others are indexes. */
export const RECORDS = ''

/** Packs sorted entries, evenly. */
export function encodePacks(tree: TreeName, layer: number, entries: readonly Entry[], sizes: PackSizes): PackRow[] {
  const most = tree.tree === RECORDS ? sizes.records : sizes.entries
  const even = Math.ceil(entries.length / Math.ceil(entries.length / most))
  const packs: PackRow[] = []
  for (let at = 0; at < entries.length; at += even) encodePack(tree, layer, entries.slice(at, at + even), sizes, packs)
  return packs
}

/** One pack, or two halves and so on if it would be too long. */
function encodePack(
  { generation, collection, tree }: TreeName,
  layer: number,
  entries: readonly Entry[],
  sizes: PackSizes,
  packs: PackRow[],
): void {
  const keys = JSON.stringify(entries.map((entry) => entry.key))
  const length = entries.reduce((sum, { text }) => sum + (text?.length ?? 0), keys.length)
  if (length > sizes.length && entries.length > 1) {
    const half = Math.ceil(entries.length / 2)
    encodePack({ generation, collection, tree }, layer, entries.slice(0, half), sizes, packs)
    encodePack({ generation, collection, tree }, layer, entries.slice(half), sizes, packs)
    return
  }
  const { key: last } = entries.at(-1) as Entry
  packs.push({ generation, collection, tree, layer, last, keys, texts: joinTexts(entries) })
}

/** The texts of entries as one: the platform copies one long string ten times faster than many short ones, and JSON has no line breaks. */
export function joinTexts(entries: readonly Entry[]): string {
  return entries.map(({ text }) => text ?? REMOVED).join('\n')
}

/** The entries of a pack, ascending. */
export function decodePack(pack: PackRow): Entry[] {
  const { texts } = pack
  const list = typeof texts === 'string' ? texts.split('\n') : texts
  return keysOf(pack).map((key, index) => ({ key, text: toText(list[index]) }))
}

/** The text of a pack's entry, without touching the others. */
export function textAt({ texts }: PackRow, index: number): string | null {
  if (typeof texts !== 'string') return toText(texts[index])
  let from = 0
  for (let line = 0; line < index; line += 1) from = texts.indexOf('\n', from) + 1
  const end = texts.indexOf('\n', from)
  return toText(texts.slice(from, end === -1 ? undefined : end))
}

function toText(text: string | null | undefined): string | null {
  return text === REMOVED ? null : (text ?? null)
}

/** Stands for null; no JSON text. */
const REMOVED = '-'

/** The keys of a pack, ascending. */
export function keysOf(pack: PackRow): EntryKey[] {
  return JSON.parse(pack.keys) as EntryKey[]
}

/** The key of a pack's row. */
export function packKey({ generation, collection, tree }: TreeName, layer: number, last: EntryKey): RowKey {
  return [generation, collection, tree, layer, last]
}

/** The packs of a layer that may have entries from `from` on. */
export function packsFrom(tree: TreeName, layer: number, from: EntryKey, isOpen = false): RowKeyRange {
  return { lower: packKey(tree, layer, from), upper: packKey(tree, layer, KEYS_END), isLowerOpen: isOpen }
}

/** The index of the first key that is not below `key`. */
export function findKey(keys: readonly EntryKey[], key: EntryKey): number {
  return lowerBound(keys, (other) => compareKeys(other, key) < 0)
}

/** Orders entries by their keys. */
export function compareEntries(a: Entry, b: Entry): number {
  return compareKeys(a.key, b.key)
}
