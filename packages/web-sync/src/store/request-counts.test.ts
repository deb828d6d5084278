import { beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../contract/index.ts'
import { Bench, note, sendable } from '../testing/store-suite/index.ts'
import { CostCounter } from './costs.fixture.ts'
import { createMemoryStore } from './create-memory-store.ts'
import { createMemoryDatabase } from './memory/memory-database.ts'

// IndexedDB asks a price for each request, whatever is in it: what a piece of work costs can be counted, where the clock would lie. The
// bounds are a little above what is asked for; a bound that breaks says that something is read or written row by row again.

const RECORDS = 20_000
/** Packs that the pages of the first sync leave; each of them is read once at the most: side by side, which is faster than in lists (docs/decisions/0008). */
const PACKS = 160

const counter = new CostCounter()
let bench: Bench
let store: Store

const idOf = (index: number): string => `n${String(index).padStart(6, '0')}`
/** So many ids, evenly spread over all records. */
const spread = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => idOf(Math.floor((index * RECORDS) / count)))

beforeEach(async () => {
  const database = counter.wrap(createMemoryDatabase())
  bench = new Bench({ open: (options, environment) => createMemoryStore(options, environment, database) })
  for (let index = 0; index < RECORDS; index += 1) {
    bench.feed.put('notes', { id: idOf(index), text: `text ${index}`, rank: index % 7 })
  }
  store = await bench.open()
  for (const page of bench.feed.snapshot(2_000)) await bench.commit(store, page)
  while (await store.tidy());
  counter.reset()
})

/** A page of changes to records that lie far from each other. */
async function pull(count: number): Promise<void> {
  for (const id of spread(count)) bench.feed.put('notes', { id, text: 'changed', rank: 3 })
  const page = bench.feed.page()
  const { fence } = await store.readState()
  counter.reset()
  expect(await store.commitPage(fence, page)).toBe('applied')
}

describe('requests of the store', () => {
  it('a page of 100 changes reads each record’s pack, and writes one short layer for each tree', async () => {
    await pull(100)
    expect(counter.beyond(100 + 15)).toBe('')
  })

  it('a page of 1,000 changes reads no pack twice', async () => {
    await pull(1_000)
    expect(counter.beyond(PACKS + 28)).toBe('')
  })

  it('packs that were read are not read again by the next pages', async () => {
    await pull(1_000)
    await pull(1_000)
    expect(counter.beyond(28)).toBe('')
    await pull(100)
    expect(counter.beyond(20)).toBe('')
  })

  it('a single write is one row beside the store’s own', async () => {
    await bench.write(store, note.patch(idOf(5), { text: 'own' }))
    expect(counter.costs.transactions).toBe(1)
    expect(counter.beyond(6)).toBe('')
  })

  it('1,000 writes at once are a few transactions of a few rows', async () => {
    await Promise.all(spread(1_000).map((id) => bench.write(store, note.patch(id, { text: 'own' }))))
    expect(counter.costs.transactions).toBeLessThanOrEqual(4)
    expect(counter.beyond(PACKS + 28)).toBe('')
  })

  it('1,000 accepted writes leave outbox and overlay in a few rows', async () => {
    await Promise.all(spread(1_000).map((id) => bench.write(store, note.patch(id, { text: 'own' }))))
    for (const mutation of await sendable(store)) bench.feed.accept(mutation)
    const page = bench.feed.page()
    const { fence } = await store.readState()
    counter.reset()
    expect(await store.commitPage(fence, page)).toBe('applied')
    expect(counter.beyond(48)).toBe('')
    expect((await store.readSummary()).counts).toMatchObject({ pending: 0, journal: 1_000 })
  })

  it('opening reads what all transactions ask for, and nothing of what is stored', async () => {
    const again = await bench.open()
    await again.readSummary()
    expect(counter.beyond(10)).toBe('')
    const { records } = await again.query({ collection: 'notes', index: 'byText', limit: 100 })
    expect(records.length).toBe(100)
    // Each of the records lies in a pack of its own.
    expect(counter.beyond(100 + 18)).toBe('')
  })
})
