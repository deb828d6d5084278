import { beforeEach, describe, expect, it } from 'vitest'
import { prefixRange } from '../keys.ts'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import type { RowDatabase, RowReader } from '../row-database.ts'
import type { BaseRow } from '../rows.ts'
import { PackCache } from './pack-cache.ts'
import { PackedReader } from './packed-reader.ts'
import { PackedWriter } from './packed-writer.ts'
import { RANKED } from './ranked.fixture.ts'
import { keepWarm, WarmRecords } from './warm-records.ts'

const SIZES = { records: 4, entries: 64, length: 10_000, mergePacks: 2, layers: 4, stepRows: 5 }
const HOUR_MS = 3_600_000
const RECORDS = 40

const newCache = (): PackCache => new PackCache(new WarmRecords())

let database: Omit<RowDatabase, 'close'>
/** How often packs were asked for. */
let packReads = 0

/** A record; the ranks of those that follow each other lie far apart. */
const note = (index: number, text = 'as it was'): BaseRow => {
  const id = `n${String(index).padStart(2, '0')}`
  return {
    generation: 1,
    collection: 'notes',
    id,
    version: `1-${'0'.repeat(16)}`,
    mutationId: null,
    value: { id, rank: (index * 7) % RECORDS, text },
  }
}

async function put(cache: PackCache, ...rows: readonly BaseRow[]): Promise<void> {
  let written: PackedWriter | null = null
  const work = async (tx: PackedWriter): Promise<void> => {
    written = tx
    for (const row of rows) tx.put('base', row)
    await tx.flush()
  }
  await database.write(
    'relaxed',
    (raw) => work(new PackedWriter(raw, RANKED, SIZES, cache)),
    () => written?.confirm(),
  )
}

const keep = (cache: PackCache, nowMs: number): Promise<void> =>
  database.write('relaxed', (raw) => keepWarm(new PackedWriter(raw, RANKED, SIZES, cache), cache.warm!, nowMs))

const counted = (tx: RowReader): RowReader => ({
  ...tx,
  list: (store, selection) => {
    if (store === 'packs') packReads += 1
    return tx.list(store, selection)
  },
})

/** The texts of the ten highest ranks, as a context with this cache finds them. */
const topTexts = (cache: PackCache): Promise<unknown[]> =>
  database.read(async (raw) => {
    packReads = 0
    const range = prefixRange(1, 'notes', 'byRank')
    const rows = await new PackedReader(counted(raw), cache).list('base', {
      range,
      byIndex: true,
      direction: 'desc',
      limit: 10,
    })
    return rows.map(({ value }) => value['text'])
  })

/** The record of the highest rank. */
const top = Array.from({ length: RECORDS }, (_, index) => note(index)).find(
  ({ value }) => value['rank'] === RECORDS - 1,
)!
const other = { ...top, value: { ...top.value, text: 'changed' } }
const unchanged: readonly string[] = Array.from({ length: 10 }, () => 'as it was')

beforeEach(async () => {
  database = createMemoryDatabase()
  await put(newCache(), ...Array.from({ length: RECORDS }, (_, index) => note(index)))
})

describe('what a query found last', () => {
  it('is found with one request by the next context, which else reads a pack for nearly each record', async () => {
    const first = newCache()
    expect(await topTexts(first)).toEqual(unchanged)
    expect(packReads).toBeGreaterThan(5)
    await keep(first, 0)
    expect(await topTexts(newCache())).toEqual(unchanged)
    // The index.
    expect(packReads).toBe(1)
  })

  it.each([
    ['this context', (cache: PackCache) => put(cache, other)],
    ['another context', () => put(newCache(), other)],
  ])('does not count once %s has changed a record', async (_who, change) => {
    const first = newCache()
    await topTexts(first)
    await keep(first, 0)
    const second = newCache()
    await topTexts(second)
    await change(second)
    expect(await topTexts(second)).toEqual(['changed', ...unchanged.slice(1)])
    expect(await topTexts(newCache())).toEqual(['changed', ...unchanged.slice(1)])
  })

  it('is written again for a change, at most once a minute', async () => {
    const cache = newCache()
    await topTexts(cache)
    await keep(cache, 0)
    await put(cache, other)
    await keep(cache, 30_000)
    await topTexts(newCache())
    expect(packReads).toBeGreaterThan(5)
    await keep(cache, HOUR_MS)
    expect(await topTexts(newCache())).toEqual(['changed', ...unchanged.slice(1)])
    expect(packReads).toBeLessThan(5)
  })

  it('is gone from the device with the collection', async () => {
    const cache = newCache()
    await topTexts(cache)
    await keep(cache, 0)
    await database.write('relaxed', async (raw) => {
      const tx = new PackedWriter(raw, RANKED, SIZES, cache)
      tx.deleteRange('base', prefixRange(1))
      await tx.flush()
    })
    expect(await database.read((raw) => raw.get('meta', 'warm'))).toBeUndefined()
    expect(await topTexts(newCache())).toEqual([])
  })

  it('is bounded: who lists everything keeps nothing, and large records are left out', async () => {
    const many = Array.from({ length: 300 }, (_, index) => ({
      ...note(index),
      id: `m${index}`,
      value: { id: `m${index}`, rank: 50 + index },
    }))
    const large = { ...note(0), id: 'z', value: { id: 'z', rank: 1_000, text: 'x'.repeat(50_000) } }
    await put(newCache(), ...many, large)
    const cache = newCache()
    await database.read((raw) => {
      return new PackedReader(raw, cache).list('base', {
        range: prefixRange(1, 'notes', 'byRank'),
        byIndex: true,
        limit: 1_000,
      })
    })
    expect(cache.warm!.isWanted).toBe(false)
    await topTexts(cache)
    await keep(cache, 0)
    const row = await database.read((raw) => raw.get('meta', 'warm'))
    expect(JSON.stringify(row).length).toBeGreaterThan(500)
    expect(JSON.stringify(row).length).toBeLessThan(50_000)
  })
})
