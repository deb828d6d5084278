import { fitRecord, type SchemaShape } from 'web-sync-protocol'
import { findCollection, recordToParts } from '../index-keys.ts'
import { type RowKey, type RowKeyRange, compareKeys, isInRange, prefixRange } from '../keys.ts'
import type { RowWriter, Selection } from '../row-database.ts'
import type { BaseRow, LayoutRow, Rows, StoreName, TreeInfo } from '../rows.ts'
import { addEntries } from './add-entries.ts'
import { recordToText } from './base-record.ts'
import { findMerge, findSmallest, mergeStep } from './merge-step.ts'
import { type Entry, RECORDS, compareEntries } from './pack.ts'
import type { PackCache } from './pack-cache.ts'
import type { PackSizes } from './pack-sizes.ts'
import { PackedReader, isTree } from './packed-reader.ts'
import { type Slot, SlotMap } from './slots.ts'

/**
 * Writes rows of `base` as if each had a row of its own. They are collected, and written as layers of packs when the work is done
 * ({@link PackedWriter.flush}), or earlier when it reads what they may have changed.
 */
export class PackedWriter extends PackedReader implements RowWriter {
  readonly #tx: RowWriter
  readonly #schema: SchemaShape
  readonly #sizes: PackSizes
  /** Records that this transaction has read or written since the last flush. */
  readonly #slots = new SlotMap()
  #dropped: RowKeyRange[] = []

  constructor(tx: RowWriter, schema: SchemaShape, sizes: PackSizes, cache?: PackCache) {
    super(tx, cache)
    this.#tx = tx
    this.#schema = schema
    this.#sizes = sizes
  }

  put<Name extends StoreName>(store: Name, row: Rows[Name]): void {
    if (store !== 'base') return this.#tx.put(store, row)
    const record = row as BaseRow
    // Whatever version it is of: no record of an earlier one is ever read.
    const value = fitRecord(findCollection(this.#schema, record.collection), record.value)
    this.#write([record.generation, record.collection, record.id], { ...record, value })
  }

  delete(store: StoreName, key: RowKey): void {
    if (store !== 'base') return this.#tx.delete(store, key)
    this.#write(key, null)
  }

  /** Of `base` only whole collections or generations can be removed: ranges of all keys that begin with their names. */
  deleteRange(store: StoreName, range: RowKeyRange): void {
    if (store !== 'base') return this.#tx.deleteRange(store, range)
    this.#dropped.push(range)
    for (const slot of this.#slots.groups().flat()) if (isInRange(slot.key, range)) slot.after = undefined
  }

  clear(store: StoreName): void {
    this.#tx.clear(store)
    if (store === 'base') this.deleteRange('base', prefixRange())
  }

  override async list<Name extends StoreName>(store: Name, selection: Selection): Promise<Rows[Name][]> {
    if (store === 'base') await this.flush()
    return super.list(store, selection)
  }

  override async listKeys(store: StoreName, range: RowKeyRange | null, limit: number): Promise<RowKey[]> {
    if (store === 'base') await this.flush()
    return super.listKeys(store, range, limit)
  }

  override async count(store: StoreName, range: RowKeyRange | null, byIndex?: boolean): Promise<number> {
    if (store === 'base') await this.flush()
    return super.count(store, range, byIndex)
  }

  protected override async findRecords(keys: readonly RowKey[]): Promise<(BaseRow | undefined)[]> {
    if (this.#dropped.length > 0) await this.flush()
    const slots = keys.map((key) => this.#slots.at(key))
    await this.#lookUp(slots)
    // Its own writes hide what it has read; null stands for a record that it has deleted.
    return slots.map(({ before, after }) => (after === undefined ? before : after) ?? undefined)
  }

  async #lookUp(slots: readonly Slot[]): Promise<void> {
    const unknown = slots.filter(({ before }) => before === null)
    const found = await super.findRecords(unknown.map(({ key }) => key))
    for (const [index, slot] of unknown.entries()) slot.before = found[index]
  }

  /** Writes what was collected. */
  async flush(): Promise<void> {
    if (this.#dropped.length > 0) await this.#dropTrees()
    const written = this.#slots.groups().map((slots) => slots.filter(({ after }) => after !== undefined))
    if (written.every((slots) => slots.length === 0)) return
    await this.#lookUp(written.flat())
    for (const slots of written) await this.#writeRows(slots)
    for (const tree of (await this.readLayout()).trees) {
      if (tree.layers.length > this.#sizes.layers) await this.#merge(tree, findSmallest(tree))
    }
    this.#slots.clear()
    this.#tx.put('meta', await this.readLayout())
  }

  /** Adds entries of some indexes (`collection/index`) for rows that are there already. */
  async index(rows: readonly BaseRow[], isWanted: (name: string) => boolean): Promise<void> {
    const slots = new SlotMap()
    for (const row of rows) Object.assign(slots.at(keyOf(row)), { before: undefined, after: row })
    for (const added of slots.groups()) await this.#writeIndexes(added, isWanted)
    this.#tx.put('meta', await this.readLayout())
  }

  /** Forgets indexes (`collection/index`). */
  async dropIndexes(isKept: (name: string) => boolean): Promise<void> {
    await this.#keepTrees(({ collection, tree }) => tree === RECORDS || isKept(`${collection}/${tree}`))
  }

  /** One short step of merging layers; true if more is left. */
  async tidyPacks(): Promise<boolean> {
    await this.flush()
    const tree = await this.#findDue()
    if (tree === undefined) return false
    await this.#merge(tree, findMerge(tree))
    this.#tx.put('meta', await this.readLayout())
    return (await this.#findDue()) !== undefined
  }

  async #findDue(): Promise<TreeInfo | undefined> {
    return (await this.readLayout()).trees.find((tree) => findMerge(tree) !== -1)
  }

  async #merge(tree: TreeInfo, into: number): Promise<void> {
    const merged = await mergeStep(this.#tx, tree, into, this.#sizes)
    this.#replaceTree(await this.readLayout(), merged)
    this.cache.changed()
  }

  #write(key: RowKey, row: BaseRow | null): void {
    this.#slots.at(key).after = row
  }

  async #dropTrees(): Promise<void> {
    const dropped = this.#dropped
    this.#dropped = []
    for (const slot of this.#slots.groups().flat()) slot.before = null
    // Any key of the tree tells: whole prefixes are dropped.
    await this.#keepTrees(({ generation, collection }) => {
      return !dropped.some((range) => isInRange([generation, collection, ''], range))
    })
  }

  async #keepTrees(isKept: (tree: TreeInfo) => boolean): Promise<void> {
    const layout = await this.readLayout()
    const gone = layout.trees.filter((tree) => !isKept(tree))
    if (gone.length === 0) return
    for (const { generation, collection, tree } of gone) {
      this.#tx.deleteRange('packs', prefixRange(generation, collection, tree))
    }
    this.cache.changed()
    // What was taken away must not be left in a copy.
    this.#tx.delete('meta', 'warm')
    this.setLayout({ ...layout, trees: layout.trees.filter((tree) => !gone.includes(tree)) })
    this.#tx.put('meta', await this.readLayout())
  }

  /** Rows of one collection in one generation. */
  async #writeRows(slots: readonly Slot[]): Promise<void> {
    const changed = slots.filter(({ before, after }) => (before ?? after ?? null) !== null)
    const entries = changed.map(({ key, after }): Entry => {
      return { key: [(key as readonly RowKey[])[2] as string], text: after ? recordToText(after) : null }
    })
    const [first] = changed
    if (first === undefined) return
    const [generation, collection] = first.key as [number, string]
    await this.#add(generation, collection, RECORDS, entries)
    await this.#writeIndexes(changed)
  }

  async #writeIndexes(changed: readonly Slot[], isWanted: (name: string) => boolean = () => true): Promise<void> {
    const record = changed[0]?.after ?? changed[0]?.before
    if (!record) return
    const { generation, collection } = record
    const indexes = findCollection(this.#schema, collection)?.indexes ?? {}
    for (const [index, fields] of Object.entries(indexes)) {
      if (!isWanted(`${collection}/${index}`)) continue
      const entries: Entry[] = []
      for (const { before, after } of changed) {
        const gone = before ? recordToParts(fields, before.id, before.value) : null
        const now = after ? recordToParts(fields, after.id, after.value) : null
        if (gone !== null && now !== null && compareKeys(gone, now) === 0) continue
        if (gone !== null) entries.push({ key: gone, text: null })
        if (now !== null) entries.push({ key: now, text: '' })
      }
      await this.#add(generation, collection, index, entries)
    }
  }

  async #add(generation: number, collection: string, tree: string, entries: readonly Entry[]): Promise<void> {
    const layout = await this.readLayout()
    const info: TreeInfo = layout.trees.find((other) => isTree(other, generation, collection, tree)) ?? {
      generation,
      collection,
      tree,
      layers: [],
    }
    const added = await addEntries(this.#tx, info, entries.toSorted(compareEntries), layout.nextLayer, this.#sizes)
    this.cache.changed(added.layers.at(-1)?.layer)
    this.#replaceTree({ ...layout, nextLayer: layout.nextLayer + 1 }, added)
  }

  #replaceTree(layout: LayoutRow, tree: TreeInfo): void {
    const others = layout.trees.filter((other) => !isTree(other, tree.generation, tree.collection, tree.tree))
    this.setLayout({ ...layout, trees: tree.layers.length === 0 ? others : [...others, tree] })
  }
}

function keyOf({ generation, collection, id }: BaseRow): RowKey {
  return [generation, collection, id]
}
