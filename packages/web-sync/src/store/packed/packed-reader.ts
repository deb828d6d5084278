import { type RowKey, type RowKeyRange, compareKeys } from '../keys.ts'
import type { RowReader, Selection } from '../row-database.ts'
import type { BaseRow, EntryKey, LayerInfo, LayoutRow, Rows, StoreName, TreeInfo } from '../rows.ts'
import { readMeta } from '../sync-row.ts'
import { textToRecord } from './base-record.ts'
import { countEntries, listEntries } from './merge-layers.ts'
import { KEYS_END, RECORDS } from './pack.ts'
import { PackCache } from './pack-cache.ts'

/** The layout of a store that has no packs yet. */
const EMPTY_LAYOUT: LayoutRow = { key: 'layout', nextLayer: 1, revision: 0, trees: [] }

/**
 * Reads rows as if each record of `base` had a row of its own, with index keys (generation, collection, index, part …, id); they are
 * found in packs. All other stores are passed through.
 */
export class PackedReader implements RowReader {
  readonly #tx: RowReader
  protected readonly cache: PackCache
  #layout: LayoutRow | null = null
  #replicaId = ''

  /** Default: a cache for this transaction alone. */
  constructor(tx: RowReader, cache: PackCache = new PackCache()) {
    this.#tx = tx
    this.cache = cache
  }

  async get<Name extends StoreName>(store: Name, key: RowKey): Promise<Rows[Name] | undefined> {
    if (store !== 'base') return this.#tx.get(store, key)
    const [row] = await this.findRecords([key])
    return row as Rows[Name] | undefined
  }

  async getMany<Name extends StoreName>(store: Name, keys: readonly RowKey[]): Promise<(Rows[Name] | undefined)[]> {
    if (store !== 'base') return this.#tx.getMany(store, keys)
    return (await this.findRecords(keys)) as (Rows[Name] | undefined)[]
  }

  async list<Name extends StoreName>(store: Name, selection: Selection): Promise<Rows[Name][]> {
    if (store !== 'base') return this.#tx.list(store, selection)
    return (await this.#listRecords(selection)) as Rows[Name][]
  }

  async listKeys(store: StoreName, range: RowKeyRange | null, limit: number): Promise<RowKey[]> {
    if (store !== 'base') return this.#tx.listKeys(store, range, limit)
    const rows = await this.#listRecords({ range: range ?? ALL, limit })
    return rows.map(({ generation, collection, id }) => [generation, collection, id])
  }

  async count(store: StoreName, range: RowKeyRange | null, byIndex = false): Promise<number> {
    if (store !== 'base') return this.#tx.count(store, range, byIndex)
    let count = 0
    for (const part of await this.#select(range ?? ALL, byIndex)) {
      count += await countEntries(this.#tx, part.tree, part.range)
    }
    return count
  }

  /** Which layers there are. */
  protected async readLayout(): Promise<LayoutRow> {
    if (this.#layout === null) {
      const [layout, sync] = await Promise.all([readMeta(this.#tx, 'layout'), readMeta(this.#tx, 'sync')])
      this.#layout ??= layout ?? EMPTY_LAYOUT
      this.#replicaId = sync?.replicaId ?? ''
      this.cache.begin(this.#state())
    }
    return this.#layout
  }

  /** The layout was changed by this transaction. */
  protected setLayout(layout: LayoutRow): void {
    this.#layout = { ...layout, revision: layout.revision + 1 }
  }

  /** To be called when the transaction is complete: what it has read and written is as the next one will find it. */
  confirm(): void {
    if (this.#layout !== null) this.cache.confirm(this.#state())
  }

  /** Names the state of all packs, as {@link WarmRecords} goes by it. */
  async readPackState(): Promise<string> {
    await this.readLayout()
    return this.#state()
  }

  /** Names the state of all packs; of another database, which takes this one's place after an eviction, too. */
  #state(): string {
    return `${this.#replicaId} ${this.#layout?.revision ?? 0}`
  }

  /** Records by (generation, collection, id), in the order of the keys. */
  protected async findRecords(keys: readonly RowKey[]): Promise<(BaseRow | undefined)[]> {
    const { trees } = await this.readLayout()
    const wanted = new Map<TreeInfo, Map<string, number[]>>()
    let records: TreeInfo | undefined
    const found: (BaseRow | undefined)[] = keys.map(() => undefined)
    for (const [index, key] of keys.entries()) {
      const [generation, collection, id] = key as [number, string, string]
      const warm = this.cache.warm?.find(key)
      if (warm !== undefined) {
        found[index] = textToRecord(generation, collection, id, warm)
        continue
      }
      // Most often all are of one collection.
      if (records === undefined || !isTree(records, generation, collection, RECORDS)) {
        records = trees.find((other) => isTree(other, generation, collection, RECORDS))
      }
      // A first sync asks for thousands of records that come after all that are there.
      if (records === undefined || !records.layers.some((layer) => isWithin(layer, [id]))) continue
      const indexesById = wanted.get(records) ?? new Map<string, number[]>()
      wanted.set(records, indexesById)
      const indexes = indexesById.get(id)
      if (indexes === undefined) indexesById.set(id, [index])
      else indexes.push(index)
    }
    for (const [tree, indexesById] of wanted) {
      for (const [id, text] of await this.#findTexts(tree, [...indexesById.keys()])) {
        const row = textToRecord(tree.generation, tree.collection, id, text)
        for (const index of indexesById.get(id) ?? []) found[index] = row
      }
    }
    return found
  }

  /** The newest texts of records that are there. */
  async #findTexts(tree: TreeInfo, ids: readonly string[]): Promise<Map<string, string>> {
    const texts = new Map<string, string>()
    let rest: EntryKey[] = ids.toSorted().map((id) => [id])
    for (const layer of tree.layers.toReversed()) {
      const settled = new Set<string>()
      await this.cache.find(this.#tx, tree, layer, rest, (key, text) => {
        const id = key[0] as string
        settled.add(id)
        if (text !== null) texts.set(id, text)
      })
      rest = rest.filter((key) => !settled.has(key[0] as string))
      if (rest.length === 0) break
    }
    return texts
  }

  async #listRecords({ range, byIndex = false, direction = 'asc', limit }: Selection): Promise<BaseRow[]> {
    const rows: BaseRow[] = []
    const parts = await this.#select(range, byIndex)
    for (const { tree, range: keys } of direction === 'asc' ? parts : parts.toReversed()) {
      if (rows.length >= limit) break
      const { generation, collection } = tree
      const [entries] = await Promise.all([
        listEntries(this.#tx, tree, keys, direction, limit - rows.length),
        byIndex ? this.cache.warm?.load(this.#tx, this.#state()) : null,
      ])
      if (!byIndex) {
        rows.push(...entries.map(({ key, text }) => textToRecord(generation, collection, key[0] as string, text)))
        continue
      }
      const records = entries.map(({ key }): RowKey => [generation, collection, key.at(-1) as string])
      this.cache.warm?.want(records)
      const found = await this.findRecords(records)
      rows.push(...found.filter((row) => row !== undefined))
    }
    return rows
  }

  /** Which trees a range of keys of base rows (or of their index entries) touches, in order, and where. */
  async #select(range: RowKeyRange, byIndex: boolean): Promise<{ tree: TreeInfo; range: RowKeyRange }[]> {
    const { trees } = await this.readLayout()
    return trees
      .filter(({ tree }) => (tree !== RECORDS) === byIndex)
      .map((tree) => ({ tree, lead: leadOf(tree) }))
      .toSorted((a, b) => compareKeys(a.lead, b.lead))
      .flatMap(({ tree, lead }) => {
        const lower = within(lead, range.lower)
        const upper = within(lead, range.upper)
        const isEmpty = lower === 'after' || upper === 'before'
        if (isEmpty) return []
        return [
          {
            tree,
            range: {
              lower: lower === 'before' ? [] : lower,
              upper: upper === 'after' ? KEYS_END : upper,
              isLowerOpen: lower !== 'before' && range.isLowerOpen === true,
              isUpperOpen: upper !== 'after' && range.isUpperOpen === true,
            },
          },
        ]
      })
  }
}

const ALL: RowKeyRange = { lower: [], upper: [KEYS_END] }

/** True for the tree of that name. */
export function isTree(info: TreeInfo, generation: number, collection: string, tree: string): boolean {
  return info.generation === generation && info.collection === collection && info.tree === tree
}

function isWithin({ first, last }: LayerInfo, key: EntryKey): boolean {
  return compareKeys(key, first) >= 0 && compareKeys(key, last) <= 0
}

/** What the keys of all entries of a tree begin with, as the transactions see them. */
function leadOf({ generation, collection, tree }: TreeInfo): readonly RowKey[] {
  return tree === RECORDS ? [generation, collection] : [generation, collection, tree]
}

/** A bound as a key of a tree's entries; or where it lies, if it lies before or after all of them. */
function within(lead: readonly RowKey[], bound: RowKey): EntryKey | 'before' | 'after' {
  const parts = bound as readonly RowKey[]
  const order = compareKeys(parts.slice(0, lead.length), lead)
  if (order === 0) return parts.slice(lead.length)
  return order < 0 ? 'before' : 'after'
}
