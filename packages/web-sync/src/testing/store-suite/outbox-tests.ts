import { INITIAL_MEMORY } from 'web-sync-protocol'
import { checkEqual, checkRejects } from './check.ts'
import { type StoreTest, note, notesOf, sendable } from './device.ts'

/** Sending, setting aside, retrying, discarding. */
export const OUTBOX_TESTS: readonly StoreTest[] = [
  {
    name: 'the outbox is read in order, within the limits, but at least one mutation',
    async run(bench) {
      const store = await bench.openSynced()
      const ids = [
        await bench.write(store, note.insert('a', { text: 'x'.repeat(500) })),
        await bench.write(store, note.insert('b', { text: 'x'.repeat(500) })),
        await bench.write(store, note.insert('c')),
      ]
      const read = async (mutations: number, bytes: number): Promise<number> =>
        (await store.readOutbox({ mutations, bytes })).length
      checkEqual(
        (await sendable(store)).map((m) => m.mutationId),
        ids,
        'all, in order',
      )
      checkEqual(
        [await read(2, 9_999), await read(9, 10), await read(9, 1_000), await read(0, 9_999)],
        [2, 1, 1, 0],
        'limits',
      )
    },
  },
  {
    name: 'a mutation set aside takes along what was made on its results; others pass; it can be retried',
    async run(bench) {
      const store = await bench.openSynced({ id: 'x' })
      const bad = await bench.write(store, note.insert('a'))
      const child = await bench.write(store, note.patch('a', { n: 1 }), note.patch('x', { n: 1 }))
      const grandchild = await bench.write(store, note.patch('x', { n: 2 }))
      const free = await bench.write(store, note.insert('free'))
      await store.setAside(bad, 'undeliverable')
      checkEqual(
        (await sendable(store)).map((m) => m.mutationId),
        [free],
        'what can be sent',
      )
      checkEqual([await store.readStage(bad), (await store.readSummary()).counts.setAside], ['set-aside', 1], 'visible')
      checkEqual(
        (await store.listWrites()).map((write) => write.code),
        ['undeliverable', null, null, null],
        'its code',
      )
      await store.retry(bad, bench.mutationId())
      checkEqual(
        (await sendable(store)).map((m) => m.mutationId),
        [bad, child, grandchild, free],
        'all again',
      )
    },
  },
  {
    name: 'discarding a mutation that was set aside gives up what was made on its results, and nothing else',
    async run(bench) {
      const store = await bench.openSynced({ id: 'x' })
      const free = await bench.write(store, note.insert('free'))
      const bad = await bench.write(store, note.insert('a'))
      const child = await bench.write(store, note.patch('a', { n: 1 }), note.patch('x', { n: 1 }))
      await checkRejects(store.discard(free), 'not-found', 'a write that is on its way')
      await store.setAside(bad, 'too-large')
      await store.discard(bad)
      checkEqual(await notesOf(store), [{ id: 'free' }, { id: 'x' }], 'the records')
      checkEqual(
        await Promise.all([free, bad, child].map((id) => store.readStage(id))),
        ['stored', 'discarded', 'discarded'],
        'stages',
      )
      await checkRejects(store.discard(bad), 'not-found', 'a second time')
    },
  },
  {
    name: 'a refused mutation is retried as a new one on the present records, or with other operations',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 })
      const first = await bench.write(store, note.patch('a', { n: 1 }))
      const second = await bench.write(store, note.insert('b'))
      bench.feed.refuse(first).refuse(second).put('notes', { id: 'a', n: 7 })
      await bench.commit(store, bench.feed.page())
      const [again, other] = [bench.mutationId(), bench.mutationId()]
      await store.retry(first, again)
      await store.retry(second, other, [note.insert('c')])
      checkEqual(await notesOf(store), [{ id: 'a', n: 1 }, { id: 'c' }], 'the records')
      const sent = await sendable(store)
      checkEqual(
        sent.map((m) => m.mutationId),
        [again, other],
        'new mutations',
      )
      checkEqual(sent[0]?.ops[0]?.base?.split('-')[0], '2', 'made on the present version')
      checkEqual([(await store.listRefused()).length, await store.readStage(first)], [0, 'discarded'], 'the old ones')
      await checkRejects(store.retry(first, bench.mutationId()), 'not-found', 'a second time')
    },
  },
  {
    name: 'a refused mutation stays until it is discarded; a retry that cannot be stored leaves it',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a' })
      const id = await bench.write(store, note.patch('a', { n: 1 }))
      bench.feed.refuse(id).delete('notes', 'a')
      await bench.commit(store, bench.feed.page())
      await checkRejects(store.retry(id, bench.mutationId()), 'record-missing', 'the retry')
      checkEqual((await store.listRefused()).length, 1, 'refused')
      await store.discard(id)
      checkEqual([(await store.listRefused()).length, await store.readStage(id)], [0, 'discarded'], 'discarded')
      checkEqual(await store.readStage(bench.mutationId()), 'unknown', 'one never seen')
    },
  },
  {
    name: 'what the machine remembers and what runs did is kept; the exchange log is bounded',
    async run(bench) {
      const store = await bench.openSynced()
      const memory = { ...INITIAL_MEMORY, failures: 3, wait: { untilMs: 5, reason: 'network' as const } }
      const entry = {
        atMs: 1,
        host: 'worker' as const,
        from: 0,
        to: 1,
        partnershipId: null,
        mutations: 0,
        changes: 0,
        result: 'ok',
      }
      await store.writeMemory(memory, { exchanges: Array.from({ length: 150 }, () => entry), syncedAtMs: 77 })
      await store.writeMemory(memory, {
        exchanges: Array.from({ length: 150 }, () => ({ ...entry, atMs: 2 })),
        syncedAtMs: null,
      })
      await store.close()
      const again = await bench.open()
      checkEqual((await again.readState()).memory, memory, 'the memory')
      const { exchanges, lastSyncAtMs } = await again.inspect()
      checkEqual([exchanges.length, exchanges[0]?.atMs, exchanges[199]?.atMs, lastSyncAtMs], [200, 1, 2, 77], 'the log')
    },
  },
]
