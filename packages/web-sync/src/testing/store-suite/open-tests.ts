import type { SchemaShape } from 'web-sync-protocol'
import { checkEqual, checkRejects } from './check.ts'
import { SCHEMA, type StoreTest, note, notesOf, sendable } from './device.ts'

/** A later version of the suite's schema: another index, another collection. */
const NEWER: SchemaShape = {
  app: SCHEMA.app,
  version: 2,
  collections: [
    { name: 'notes', indexes: { byColour: ['colour'] }, putsTravelAsPatch: true },
    { name: 'places', indexes: {}, putsTravelAsPatch: false },
    { name: 'visits', indexes: {}, putsTravelAsPatch: true },
  ],
}

/** Opening, upgrading, closing. */
export const OPEN_TESTS: readonly StoreTest[] = [
  {
    name: 'a newer schema brings its indexes and collections, and keeps records and unsent writes',
    async run(bench) {
      const values = Array.from({ length: 1_200 }, (_, n) => ({ id: `n${n}`, colour: n % 2 === 0 ? 'red' : 'blue' }))
      const store = await bench.openSynced(...values)
      await bench.write(store, note.insert('own', { colour: 'red' }))
      await store.close()
      const newer = await bench.open({ schema: NEWER })
      checkEqual(
        await newer.count({ collection: 'notes', index: 'byColour', where: { colour: 'red' } }),
        601,
        'the new index',
      )
      await checkRejects(newer.query({ collection: 'notes', index: 'byText' }), 'invalid-query', 'the old index')
      checkEqual((await sendable(newer)).length, 1, 'the outbox')
      checkEqual((await newer.query({ collection: 'visits' })).isPartial, true, 'the new collection is not loaded yet')
    },
  },
  {
    name: 'a store that newer code has opened is not touched by older code',
    async run(bench) {
      const old = await bench.openSynced({ id: 'a' })
      const newer = await bench.open({ schema: NEWER })
      await newer.write(bench.mutationId(), [note.insert('b')])
      await checkRejects(bench.write(old, note.insert('c')), 'newer-schema', 'a write of an old tab')
      await checkRejects(bench.open(), 'newer-schema', 'opening with old code')
      await checkRejects(old.readState(), 'newer-schema', 'a run of an old tab')
      checkEqual(
        (await notesOf(newer)).map((value) => value['id']),
        ['a', 'b'],
        'the records',
      )
      checkEqual((await notesOf(old)).length, 2, 'old code may still read')
    },
  },
  {
    name: 'two stores of one device see each other’s writes, and only one of two answers is applied',
    async run(bench) {
      const one = await bench.openSynced({ id: 'a' })
      const two = await bench.open()
      await bench.write(one, note.insert('b'))
      await bench.write(two, note.patch('b', { n: 1 }))
      checkEqual(await notesOf(one), [{ id: 'a' }, { id: 'b', n: 1 }], 'seen by the other')
      const { fence } = await one.readState()
      const page = bench.feed.put('notes', { id: 'c' }).page()
      const results = await Promise.all([one.commitPage(fence, page), two.commitPage(fence, page)])
      checkEqual(results.toSorted(), ['applied', 'stale'], 'the page')
    },
  },
  {
    name: 'after it was closed a store answers closed',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a' })
      await store.close()
      await checkRejects(store.get('notes', 'a'), 'closed', 'a read')
      await checkRejects(bench.write(store, note.insert('b')), 'closed', 'a write')
    },
  },
  {
    name: 'another schema of the same version gets its indexes too',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', colour: 'red' })
      await store.close()
      const again = await bench.open({ schema: { ...NEWER, version: SCHEMA.version } })
      checkEqual(
        await again.count({ collection: 'notes', index: 'byColour', where: { colour: 'red' } }),
        1,
        'the index',
      )
    },
  },
]
