import { expect, test } from 'vitest'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import type { RowWriter } from '../row-database.ts'
import type { PackRow, TreeInfo } from '../rows.ts'
import { readMeta } from '../sync-row.ts'
import { PackedWriter } from './packed-writer.ts'
import { RANKED } from './ranked.fixture.ts'

const SIZES = { records: 20, entries: 20, length: 10_000, mergePacks: 16, layers: 16, stepRows: 5 }
const PAGES = 400
const PER_PAGE = 40
/** Packs of the index that the pages are, before anything is merged. */
const FIRST_PACKS = (PAGES * PER_PAGE) / SIZES.entries

test('a long first sync has few layers at any time, and writes an index entry anew only a few times', async () => {
  const database = createMemoryDatabase()
  const written = { packs: 0 }
  let most = 0
  for (let page = 0; page < PAGES; page += 1) {
    const tree = await database.write('relaxed', async (tx) => {
      const writer = new PackedWriter(countPacks(tx, written), RANKED, SIZES)
      for (let at = 0; at < PER_PAGE; at += 1) {
        const number = page * PER_PAGE + at
        const id = String(number).padStart(6, '0')
        // Ranks of a page lie all over those of the others, as an index's keys do in a snapshot by id.
        const value = { rank: (number * 7_919) % (PAGES * PER_PAGE) }
        writer.put('base', { generation: 1, collection: 'notes', id, version: '1', mutationId: null, value })
      }
      await writer.flush()
      return (await readMeta(tx, 'layout'))?.trees.find((other) => other.tree === 'byRank')
    })
    most = Math.max(most, tree?.layers.length ?? 0)
    expect(countEntries(tree)).toBe((page + 1) * PER_PAGE)
  }
  expect(most).toBeLessThanOrEqual(SIZES.layers + 8)
  // Once, and then about twice for each power of nine layers: with steps of two packs a pack may be written half full first.
  expect(written.packs).toBeLessThanOrEqual(6.5 * FIRST_PACKS)
  expect(written.packs).toBeGreaterThan(FIRST_PACKS)
})

function countPacks(tx: RowWriter, written: { packs: number }): RowWriter {
  return {
    ...tx,
    put: (store, row) => {
      if (store === 'packs' && (row as PackRow).tree === 'byRank') written.packs += 1
      tx.put(store, row)
    },
  }
}

function countEntries(tree: TreeInfo | undefined): number {
  return (tree?.layers ?? []).reduce((sum, { entries }) => sum + entries, 0)
}
