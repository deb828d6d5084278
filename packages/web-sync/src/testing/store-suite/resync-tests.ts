import type { ResetKind, ResyncCause } from 'web-sync-protocol'
import type { Store } from '../../contract/index.ts'
import { check, checkEqual } from './check.ts'
import { type Bench, type StoreTest, note, notesOf, sendable } from './device.ts'
import { Feed } from './feed.ts'

/** Full resync, its flip, and the loss of access. */
export const RESYNC_TESTS: readonly StoreTest[] = [
  {
    name: 'a full resync keeps the old records readable, and flips at the first settled page with every write replayed',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 }, { id: 'b' })
      const accepted = await bench.write(store, note.patch('a', { n: 1 }))
      await bench.exchange(store)
      const pending = await bench.write(store, note.insert('c'))
      await begin(store, 'upload', 'regressed')
      checkEqual(
        [(await store.readState()).fence.key, (await store.readState()).isSettled],
        [0, false],
        'asks with key 0',
      )
      checkEqual(await store.readHave(10), [], 'offers nothing meanwhile')
      const partner = new Feed().put('notes', { id: 'a', n: 0 }).put('notes', { id: 'd' })
      const [first, second] = partner.snapshot(1)
      await bench.commit(store, first!)
      checkEqual(
        (await notesOf(store)).map((value) => value['id']),
        ['a', 'b', 'c'],
        'the old records',
      )
      checkEqual((await store.readSummary()).progress, { done: 1, total: 2 }, 'progress')
      await bench.write(store, note.insert('e'))
      await bench.commit(store, second!)
      checkEqual(await notesOf(store), [{ id: 'a', n: 1 }, { id: 'c' }, { id: 'd' }, { id: 'e' }], 'after the flip')
      checkEqual(
        (await sendable(store)).map((m) => m.mutationId).slice(0, 2),
        [accepted, pending],
        'the journal before the rest',
      )
      const state = await store.readState()
      checkEqual(
        [state.isSettled, state.fence.partnershipId, state.digest],
        [true, partner.partnershipId, partner.digest()],
        'the state',
      )
    },
  },
  {
    name: 'a deletion that is replayed names the mutations that the partner said had made the record',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a' }, { id: 'b' })
      const known = await bench.write(store, note.delete('a'))
      const unknown = await bench.write(store, note.delete('b'))
      const mutations = [bench.mutationId(), bench.mutationId()]
      const versions = [{ collection: 'notes', id: 'a', version: null, mutations }]
      for (const mutationId of [known, unknown]) {
        bench.feed.answer({ mutationId, type: 'accepted', duplicate: false, merged: false, versions })
      }
      await bench.commit(store, bench.feed.page())
      for (const time of ['first', 'second']) {
        await begin(store, 'upload', 'unknown')
        const partner = new Feed().put('notes', { id: 'c' })
        await bench.commit(store, partner.snapshot()[0]!)
        const pending = await sendable(store)
        const named = pending.flatMap(({ ops }) => ops.map((op) => (op.op === 'delete' ? op.mutations : null)))
        checkEqual(named, [mutations, undefined], `the ${time} time`)
        for (const mutation of pending) {
          const { mutationId } = mutation
          partner.answer({ mutationId, type: 'accepted', duplicate: false, merged: false, versions: [] })
        }
        await bench.commit(store, partner.page())
      }
    },
  },
  {
    name: 'a page of an ask from before the resync is dropped, and so is one of an earlier resync',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a' })
      const before = (await store.readState()).fence
      await begin(store, 'upload', 'unknown')
      checkEqual(await store.commitPage(before, bench.feed.put('notes', { id: 'b' }).page()), 'stale', 'an old answer')
      checkEqual(await store.beginResync(before, 'upload', 'unknown'), 'stale', 'an old 409')
      const earlier = (await store.readState()).fence
      await begin(store, 'apply', 'expired')
      checkEqual(await store.commitPage(earlier, bench.feed.snapshot()[0]!), 'stale', 'the earlier resync')
    },
  },
  {
    name: 'records that the snapshot lacks go to salvage after a loss, but for those that own writes make again',
    async run(bench) {
      const store = await lost(bench, 'upload', 'unknown')
      checkEqual((await store.listSalvage()).map((entry) => entry.id).toSorted(), ['colleague', 'patched'], 'salvage')
      checkEqual(
        (await notesOf(store)).map((value) => value['id']),
        ['kept', 'own'],
        'records',
      )
    },
  },
  {
    name: 'records that the snapshot lacks were deleted, if the key had only expired',
    async run(bench) {
      const store = await lost(bench, 'apply', 'expired')
      checkEqual(await store.listSalvage(), [], 'salvage')
      checkEqual(
        (await notesOf(store)).map((value) => value['id']),
        ['kept', 'own'],
        'records',
      )
    },
  },
  {
    name: 'an image newer than the snapshot’s is salvaged; what the partner deletes or sends after the flip is not',
    async run(bench) {
      const store = await bench.openSynced({ id: 'deleted' }, { id: 'sent' }, { id: 'newer', n: 0 })
      const partner = bench.feed.copy()
      bench.feed.put('notes', { id: 'newer', n: 1 }).put('notes', { id: 'sent', n: 1 }).put('notes', { id: 'lost' })
      await bench.commit(store, bench.feed.page())
      await begin(store, 'upload', 'regressed')
      for (const page of partner.snapshot()) await bench.commit(store, page)
      partner.delete('notes', 'deleted').put('notes', { id: 'sent', n: 1 })
      await bench.commit(store, partner.page())
      await endRun(bench, store)
      const salvage = (await store.listSalvage()).map((entry) => `${entry.id} ${JSON.stringify(entry.value)}`)
      checkEqual(salvage.toSorted(), ['lost {"id":"lost"}', 'newer {"id":"newer","n":1}'], 'salvage')
    },
  },
  {
    name: 'tidying removes the old generation in steps that survive a restart',
    async run(bench) {
      const values = Array.from({ length: 1_200 }, (_, n) => ({ id: `n${n}` }))
      const store = await bench.openSynced(...values)
      await begin(store, 'upload', 'unknown')
      for (const page of new Feed().put('notes', { id: 'x' }).snapshot()) await bench.commit(store, page)
      check(await store.tidy(), 'more than one step')
      await store.close()
      const again = await bench.open()
      await endRun(bench, again)
      checkEqual((await again.listSalvage()).length, 1_200, 'all of it is in salvage')
      checkEqual(await again.tidy(), false, 'nothing is left')
      checkEqual(await notesOf(again), [{ id: 'x' }], 'the records')
    },
  },
  {
    name: 'access that ended removes what was received; what was written stays as refused',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a' })
      const accepted = await bench.write(store, note.insert('b'))
      await bench.exchange(store)
      const pending = await bench.write(store, note.insert('c'))
      const { fence } = await store.readState()
      checkEqual(await store.removeAccess({ ...fence, key: 0 }), 'stale', 'another fence')
      checkEqual(await store.removeAccess(fence), 'done', 'the removal')
      const found = await store.query({ collection: 'notes' })
      checkEqual([found.records, found.isPartial], [[], true], 'records')
      const refused = (await store.listRefused()).map((entry) => [entry.mutationId, entry.code])
      checkEqual(
        refused,
        [
          [accepted, 'access-ended'],
          [pending, 'access-ended'],
        ],
        'refused',
      )
      const { have, undoBytes, counts, key } = await store.inspect()
      checkEqual([have, undoBytes, counts.journal, counts.pending, key], [[], 0, 0, 0, 0], 'the rest')
    },
  },
]

async function begin(store: Store, reset: ResetKind, cause: ResyncCause): Promise<void> {
  checkEqual(await store.beginResync((await store.readState()).fence, reset, cause), 'done', 'the beginning')
}

/** A run that ends up to date, and the tidying after it. */
async function endRun(bench: Bench, store: Store): Promise<void> {
  const { memory } = await store.readState()
  await store.writeMemory(memory, { exchanges: [], syncedAtMs: bench.nowMs })
  let isMore = true
  while (isMore) isMore = await store.tidy()
}

/** A partner that has lost all but one record; the device has own and foreign ones. */
async function lost(bench: Bench, reset: ResetKind, cause: ResyncCause): Promise<Store> {
  const store = await bench.openSynced({ id: 'kept' }, { id: 'colleague' }, { id: 'patched', n: 0 })
  await bench.write(store, note.insert('own'))
  await bench.write(store, note.patch('patched', { n: 1 }))
  await bench.exchange(store)
  await begin(store, reset, cause)
  for (const page of new Feed().put('notes', { id: 'kept' }).snapshot()) await bench.commit(store, page)
  await endRun(bench, store)
  return store
}
