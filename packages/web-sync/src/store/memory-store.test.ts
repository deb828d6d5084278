import { describe, expect, it } from 'vitest'
import { Bench, notesOf, runStoreSuite, testStore } from '../testing/store-suite/index.ts'
import { createMemoryStore } from './create-memory-store.ts'
import { createMemoryDatabase } from './memory/memory-database.ts'
import type { StoreDevice } from '../testing/store-suite/index.ts'

function makeDevice(): StoreDevice {
  const database = createMemoryDatabase()
  return { open: (options, environment) => createMemoryStore(options, environment, database) }
}

testStore('the store in memory', makeDevice, { describe, it })

function makeSmallDevice(): StoreDevice {
  const database = createMemoryDatabase()
  const packSizes = { records: 3, entries: 4, length: 500, mergePacks: 2, layers: 4, stepRows: 50 }
  return { open: (options, environment) => createMemoryStore(options, { ...environment, packSizes }, database) }
}

testStore('the store in memory, with packs of a few records', makeSmallDevice, { describe, it })

describe('a step whose pre-images are damaged', () => {
  it.each([
    ['missing', null],
    ['wrong', [['notes', 'a', null]] as const],
  ])('is unrestorable, and nothing is changed (%s)', async (_name, damage) => {
    const database = createMemoryDatabase()
    const bench = new Bench({ open: (options, environment) => createMemoryStore(options, environment, database) })
    const store = await bench.openSynced({ id: 'a', n: 0 }, { id: 'b', n: 0 })
    await bench.exchange(store)
    bench.feed.put('notes', { id: 'b', n: 1 })
    await bench.exchange(store)
    const [, goal] = await store.readHave(2)
    await database.write('strict', async (tx) => {
      const [step] = await tx.listKeys('undo', { lower: 2, upper: 2 }, 1)
      expect(step).toBe(2)
      if (damage === null) tx.delete('undo', 2)
      else tx.put('undo', { step: 2, preImages: damage })
    })
    const before = [await store.inspect(), await notesOf(store)]
    expect(await store.rollBack((await store.readState()).fence, goal!)).toBe('unrestorable')
    expect([await store.inspect(), await notesOf(store)]).toEqual(before)
  })
})

describe('the suite without a framework', () => {
  it('passes and names what fails', async () => {
    const good = await runStoreSuite(makeDevice)
    expect(good.failures).toEqual([])
    expect(good.passed).toBeGreaterThan(40)
    const broken = await runStoreSuite(() => ({ open: () => Promise.reject(new Error('no store')) }))
    expect(broken.passed).toBe(0)
    expect(broken.failures[0]).toContain('no store')
  })
})
