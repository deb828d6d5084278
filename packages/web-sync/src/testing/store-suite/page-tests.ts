import { check, checkEqual } from './check.ts'
import { type StoreTest, note, notesOf, sendable } from './device.ts'

/** Applying pages. */
export const PAGE_TESTS: readonly StoreTest[] = [
  {
    name: 'the first sync fills the store page by page and is usable meanwhile',
    async run(bench) {
      for (const id of ['a', 'b', 'c', 'd', 'e']) bench.feed.put('notes', { id })
      const store = await bench.open()
      const [first, second, third] = bench.feed.snapshot(2)
      await bench.commit(store, first!)
      const partial = await store.query({ collection: 'notes' })
      checkEqual([partial.records.length, partial.isPartial], [2, true], 'after one page')
      checkEqual((await store.readSummary()).progress, { done: 2, total: 5 }, 'progress')
      checkEqual((await store.readState()).isSettled, false, 'settled')
      await bench.write(store, note.insert('own'))
      await bench.commit(store, second!)
      await bench.commit(store, third!)
      const whole = await store.query({ collection: 'notes' })
      checkEqual([whole.records.length, whole.isPartial], [6, false], 'at the end')
      checkEqual((await store.inspect()).have.length, 1, 'only the present key can be offered')
    },
  },
  {
    name: 'a page that answers another key changes nothing',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a' })
      const { fence } = await store.readState()
      const page = bench.feed.put('notes', { id: 'b' }).page()
      checkEqual(await store.commitPage({ ...fence, key: 0 }, page), 'stale', 'another key')
      checkEqual(await store.commitPage({ ...fence, partnershipId: null }, page), 'stale', 'another partnership')
      checkEqual(await store.commitPage({ ...fence, generation: 9 }, page), 'stale', 'another generation')
      checkEqual(await store.commitPage({ ...fence, isResync: true }, page), 'stale', 'a resync')
      checkEqual(await store.commitPage(fence, page), 'applied', 'the right one')
      checkEqual(await store.commitPage(fence, page), 'stale', 'a second time')
      checkEqual(await notesOf(store), [{ id: 'a' }, { id: 'b' }], 'the records')
    },
  },
  {
    name: 'a page with a wrong digest leaves key and data, and nothing of it is visible',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a' })
      const mine = await bench.write(store, note.insert('own'))
      const before = await store.inspect()
      for (const mutation of await sendable(store)) bench.feed.accept(mutation)
      const wrong = bench.feed.put('notes', { id: 'b' }).page({ digest: { notes: { count: 9, sum: '0'.repeat(16) } } })
      checkEqual(await store.commitPage((await store.readState()).fence, wrong), 'digest-mismatch', 'the page')
      checkEqual(await store.inspect(), before, 'the store')
      checkEqual(await notesOf(store), [{ id: 'a' }, { id: 'own' }], 'the records')
      checkEqual(await store.readStage(mine), 'stored', 'the write')
    },
  },
  {
    name: 'a change that is not newer than what is held is skipped',
    async run(bench) {
      bench.feed.put('notes', { id: 'a', n: 1 })
      const old = bench.feed.page().page.changes
      bench.feed.put('notes', { id: 'a', n: 2 }).put('notes', { id: 'b', n: 1 })
      const store = await bench.openSynced()
      await bench.commit(store, bench.feed.page({ changes: old }))
      checkEqual(
        await notesOf(store),
        [
          { id: 'a', n: 2 },
          { id: 'b', n: 1 },
        ],
        'the records',
      )
    },
  },
  {
    name: 'outcomes move mutations: accepted to the journal, refused to the refused, later stays',
    async run(bench) {
      const store = await bench.openSynced()
      const accepted = await bench.write(store, note.insert('a'))
      const refused = await bench.write(store, note.insert('b'))
      const later = await bench.write(store, note.insert('c'))
      const [first] = await sendable(store)
      bench.feed.accept(first!).refuse(refused).answer({ mutationId: later, type: 'later' })
      await bench.commit(store, bench.feed.page())
      const stages = await Promise.all([accepted, refused, later].map((id) => store.readStage(id)))
      checkEqual(stages, ['accepted', 'refused', 'stored'], 'stages')
      checkEqual(
        (await notesOf(store)).map((value) => value['id']),
        ['a', 'c'],
        'what is seen',
      )
      const [entry] = await store.listRefused()
      checkEqual(
        [entry?.mutationId, entry?.code, entry?.path, entry?.records.length],
        [refused, 'not-allowed', '/0', 1],
        'refused',
      )
      checkEqual(
        (await store.listWrites()).map((write) => [write.mutationId, write.acceptedAt]),
        [
          [accepted, bench.feed.key.n],
          [later, null],
        ],
        'writes',
      )
      bench.feed
        .answer({ mutationId: accepted, type: 'accepted', duplicate: true, merged: false, versions: [] })
        .refuse(accepted)
      await bench.commit(store, bench.feed.page())
      checkEqual(await store.readStage(accepted), 'accepted', 'an answer to what is not pending changes nothing')
    },
  },
  {
    name: 'pending writes stay on top of arriving changes, in order',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', x: 0, y: 0 }, { id: 'b' })
      await bench.write(store, note.patch('a', { x: 1 }))
      await bench.write(store, note.patch('a', { x: 2 }), note.delete('b'))
      bench.feed.put('notes', { id: 'a', x: 9, y: 9 }).put('notes', { id: 'b', n: 1 })
      await bench.commit(store, bench.feed.page())
      checkEqual(await notesOf(store), [{ id: 'a', x: 2, y: 9 }], 'rebased')
      const [, second] = await sendable(store)
      bench.feed.refuse(second!.mutationId)
      await bench.commit(store, bench.feed.page())
      checkEqual(
        await notesOf(store),
        [
          { id: 'a', x: 1, y: 9 },
          { id: 'b', n: 1 },
        ],
        'after the second was refused',
      )
    },
  },
  {
    name: 'accepted mutations stay for replay until the partner calls them durable, here or in a fork',
    async run(bench) {
      const store = await bench.openSynced()
      const first = await bench.write(store, note.insert('a'))
      await bench.exchange(store)
      const acceptedAt = bench.feed.key.n
      const second = await bench.write(store, note.insert('b'))
      await bench.exchange(store, { durable: acceptedAt - 1 })
      checkEqual((await store.readSummary()).counts.journal, 2, 'not yet')
      const replicaId = bench.feed.fork()
      await bench.commit(store, bench.feed.page({ durable: acceptedAt, forkedReplicaId: replicaId }))
      checkEqual(await Promise.all([first, second].map((id) => store.readStage(id))), ['durable', 'accepted'], 'stages')
      checkEqual((await store.readState()).replicaId, replicaId, 'the fork’s replica')
    },
  },
  {
    name: 'the journal keeps 30 days and 8 MiB; what leaves earlier is counted',
    async run(bench) {
      const store = await bench.openSynced()
      await bench.write(store, note.insert('old'))
      await bench.exchange(store)
      for (let day = 0; day < 31; day += 1) {
        bench.nowMs += 24 * 3_600_000
        await bench.exchange(store)
      }
      checkEqual(
        (await store.readSummary()).counts,
        { pending: 0, setAside: 0, refused: 0, journal: 0, salvage: 0, journalDropped: 1, written: 1 },
        'after 31 days',
      )
      const big = 'x'.repeat(250_000)
      for (let n = 0; n < 35; n += 1) await bench.write(store, note.insert(`n${n}`, { big }))
      await bench.exchange(store)
      const { journal, journalDropped } = (await store.readSummary()).counts
      checkEqual([journal, journalDropped], [33, 3], 'after 35 × 250 kB')
    },
  },
  {
    name: 'a clock that jumps, forward by 30 days or years and back, again and again, takes nothing from the journal',
    async run(bench) {
      const store = await bench.openSynced()
      await bench.write(store, note.insert('kept'))
      await bench.exchange(store)
      const day = 24 * 3_600_000
      for (const days of [31, 365, 31, 3_650, 31]) {
        for (const jump of [days, -2 * days, days]) {
          bench.nowMs += jump * day
          await bench.exchange(store)
        }
      }
      const { journal, journalDropped } = (await store.readSummary()).counts
      checkEqual([journal, journalDropped], [1, 0], 'after the jumps')
    },
  },
  {
    name: 'the key that was answered stays when nothing happened',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a' })
      const { fence } = await store.readState()
      const before = await store.inspect()
      const page = bench.feed.copy().page({ key: bench.feed.key })
      checkEqual(await store.commitPage(fence, page), 'applied', 'the page')
      checkEqual((await store.inspect()).have, before.have, 'have')
      checkEqual((await store.readState()).fence, fence, 'the fence')
    },
  },
  {
    name: 'a collection that the checkpoint drops loses its records; one that is added comes as a snapshot',
    async run(bench) {
      bench.feed.put('places', { id: 'p' })
      const store = await bench.openSynced({ id: 'a' })
      await bench.write(store, { op: 'patch', collection: 'places', id: 'p', value: { x: 1 } })
      bench.feed.collections = ['notes']
      await bench.commit(store, bench.feed.page())
      const dropped = await store.query({ collection: 'places' })
      checkEqual([dropped.records, dropped.isPartial], [[], true], 'dropped')
      checkEqual((await store.inspect()).have.length, 1, 'there is no way back over it')
      bench.feed.collections = ['notes', 'places']
      bench.feed.put('places', { id: 'p' })
      await bench.commit(store, bench.feed.page({ snapshot: true, settled: false }))
      check((await store.query({ collection: 'places' })).isPartial, 'partial while it loads')
      check(!(await store.query({ collection: 'notes' })).isPartial, 'the others are whole')
      await bench.commit(store, bench.feed.page())
      checkEqual(
        (await store.query({ collection: 'places' })).records,
        [{ id: 'p', x: 1 }],
        'added, with the pending write',
      )
    },
  },
]
