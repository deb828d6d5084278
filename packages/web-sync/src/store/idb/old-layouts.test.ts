import 'fake-indexeddb/auto'
import { DigestBuilder, type JsonObject } from 'sync-protocol'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../contract/index.ts'
import { Bench, notesOf, sendable } from '../../testing/store-suite/index.ts'
import { createMemoryStore } from '../create-memory-store.ts'
import { createMemoryDatabase, type MemoryDatabase } from '../memory/memory-database.ts'
import { type GroupChange, encodeGroups } from '../grouped/group-text.ts'
import type { GroupedRow } from '../grouped/grouped-table.ts'
import { keyOf } from '../grouped/grouped-writer.ts'
import { openIdbStore } from '../open-idb-store.ts'
import type { RowWriter } from '../row-database.ts'
import { type Rows, type StoreName, isGrouped } from '../rows.ts'
import FIXTURE from './layout-1.fixture.json' with { type: 'json' }

// The fixture was written by the code of the first layout: one row for each record, with its index keys. It has 40 notes and 4
// places, kept steps, and one write each that is pending, accepted, refused.

const PACK_SIZES = { records: 3, entries: 4, length: 500, mergePacks: 2, layers: 4, stepRows: 7 }
const PENDING = ['n8', 'n9', 'own']

const stores = Object.entries(FIXTURE.stores) as unknown as readonly [
  StoreName,
  {
    readonly keyPath: string | string[]
    readonly indexes: readonly string[]
    readonly rows: readonly Rows[StoreName][]
  },
][]

/** The database as the code of the first layout left it, or that of the second before it had packed anything. */
async function writeOldDatabase(version: 1 | 2 = 1): Promise<void> {
  await new Promise((resolve) => indexedDB.deleteDatabase(FIXTURE.name).addEventListener('success', resolve))
  const opening = indexedDB.open(FIXTURE.name, version)
  opening.addEventListener('upgradeneeded', () => {
    for (const [name, { keyPath, indexes, rows }] of stores) {
      const store = opening.result.createObjectStore(name, { keyPath })
      const isIndexed = version === 1 || !['base', 'overlay'].includes(name)
      for (const index of isIndexed ? indexes : []) store.createIndex(index, index, { multiEntry: true })
      for (const row of rows) store.put(row)
    }
    if (version === 1) return
    const keyPath = ['generation', 'collection', 'tree', 'layer', 'last']
    opening.result.createObjectStore('packs', { keyPath })
  })
  await new Promise((resolve, reject) => {
    opening.addEventListener('success', resolve)
    opening.addEventListener('error', reject)
  })
  opening.result.close()
}

async function makeOldMemory(): Promise<MemoryDatabase> {
  const database = createMemoryDatabase()
  await database.write('strict', async (tx) => {
    const grouped: GroupChange[] = []
    for (const [name, { rows }] of stores) {
      for (const row of rows) {
        if (isGrouped(name)) grouped.push([name, keyOf(name, row as GroupedRow), row as GroupedRow])
        else tx.put(name, row as never)
      }
    }
    for (const group of encodeGroups(grouped, 1)) tx.put('groups', group)
  })
  return database
}

const baseRows = FIXTURE.stores.base.rows as unknown as readonly Rows['base'][]

/** All that the old database promised. */
async function checkStore(store: Store): Promise<void> {
  const notes = baseRows.filter((row) => row.collection === 'notes').map((row): JsonObject => row.value)
  const untouched = notes.filter((note) => !PENDING.includes(note['id'] as string))
  const found = await notesOf(store)
  expect(found.filter((note) => !PENDING.includes(note['id'] as string))).toEqual(untouched)
  expect(await store.get('notes', 'n8')).toEqual({ id: 'n8', text: 'pending', rank: 2 })
  expect(await store.get('notes', 'n9')).toBeUndefined()
  expect(await store.get('notes', 'own')).toEqual({ id: 'own', text: 'pending' })
  expect(await store.count({ collection: 'places' })).toBe(4)
  const byText = await store.query({ collection: 'notes', index: 'byText', where: { text: '5' } })
  expect(byText.records).toEqual(found.filter((note) => note['text'] === '5'))
  expect(byText.records.length).toBeGreaterThan(3)
  expect((await sendable(store)).map(({ mutationId }) => mutationId)).toEqual(
    FIXTURE.stores.outbox.rows.map((row) => row.mutationId),
  )
  const { counts } = await store.readSummary()
  expect(counts).toMatchObject({ pending: 2, refused: 1, journal: 1 })
  const digest = new DigestBuilder()
  for (const { collection, version } of baseRows) digest.replace(collection, null, version)
  const state = await store.readState()
  expect(state.digest).toEqual(digest.build())
}

describe('a database of an older layout', () => {
  it.each([1, 2] as const)(
    '(%i) is packed and grouped when it is opened; records, unsent writes and kept steps stay',
    async (version) => {
      await writeOldDatabase(version)
      const bench = new Bench({
        open: (options, environment) => openIdbStore(options, { ...environment, packSizes: PACK_SIZES }),
      })
      const store = await bench.open()
      await checkStore(store)
      await store.close()
      const again = await bench.open()
      await checkStore(again)
      const have = await again.readHave(100)
      expect(have.length).toBeGreaterThan(4)
      expect(await again.rollBack((await again.readState()).fence, have.at(-1)!)).toBe('done')
      expect(await again.get('notes', 'n0')).toEqual({ id: 'n0', text: '0', rank: 0 })
      expect((await sendable(again)).length).toBe(3)
      await again.close()
    },
  )

  it('is as it was when the grouping ends at any of its requests', async () => {
    const original = Reflect.get(IDBObjectStore.prototype, 'getAll') as (
      this: IDBObjectStore,
      ...args: unknown[]
    ) => IDBRequest<unknown[]>
    const outcomes: string[] = []
    for (let request = 1; request <= 5; request += 1) {
      await writeOldDatabase(2)
      let left = request
      IDBObjectStore.prototype.getAll = function crashing(...args) {
        left -= 1
        const asked = original.apply(this, args)
        if (left === 0) this.transaction.abort()
        return asked
      }
      const bench = new Bench({
        open: (options, environment) => openIdbStore(options, { ...environment, packSizes: PACK_SIZES }),
      })
      const outcome = await bench.open().then(
        () => 'opened',
        (error: unknown) => (error as { code?: string }).code,
      )
      IDBObjectStore.prototype.getAll = original
      // It is tried again at once, on what is there.
      outcomes.push(String(outcome))
      const store = await bench.open()
      await checkStore(store)
      await store.close()
    }
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => 'opened'))
  })

  it('is packed in steps that go on after a crash', async () => {
    const database = await makeOldMemory()
    for (let crashes = 1; crashes <= 7; crashes += 1) {
      let left = crashes
      const crashing: MemoryDatabase = {
        ...database,
        write: (durability, work, onComplete) => {
          const crash = (tx: RowWriter): ReturnType<typeof work> => {
            left -= 1
            return left < 0 ? Promise.reject(new Error('the crash of the test')) : work(tx)
          }
          return database.write(durability, crash, onComplete)
        },
      }
      const bench = new Bench({
        open: (options, environment) => createMemoryStore(options, { ...environment, packSizes: PACK_SIZES }, crashing),
      })
      // Each opening comes a step further than the one before.
      const outcome = await bench.open().then(
        () => 'opened',
        (error: unknown) => String(error),
      )
      expect(['opened', 'Error: the crash of the test']).toContain(outcome)
    }
    const bench = new Bench({
      open: (options, environment) => createMemoryStore(options, { ...environment, packSizes: PACK_SIZES }, database),
    })
    await checkStore(await bench.open())
    expect(await database.read((tx) => tx.count('base', null))).toBe(0)
  })

  it('gets the indexes of a newer schema too', async () => {
    const database = await makeOldMemory()
    const bench = new Bench({
      open: (options, environment) => createMemoryStore(options, { ...environment, packSizes: PACK_SIZES }, database),
    })
    const schema = {
      version: 2,
      collections: [
        { name: 'notes', indexes: { byText: ['rank'], byBoth: ['rank', 'text'] }, putsTravelAsPatch: true },
        { name: 'places', indexes: {}, putsTravelAsPatch: false },
      ],
    }
    const store = await bench.open({ schema })
    const all = await notesOf(store)
    for (const index of ['byText', 'byBoth']) {
      const found = await store.query({ collection: 'notes', index, where: { rank: 2 } })
      expect(found.records.length).toBe(all.filter((note) => note['rank'] === 2).length)
    }
    expect((await store.query({ collection: 'notes', index: 'byBoth' })).records.length).toBe(all.length)
  })
})
