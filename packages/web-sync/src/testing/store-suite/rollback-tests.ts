import type { CheckpointName } from 'web-sync-protocol'
import type { Store } from '../../contract/index.ts'
import { check, checkEqual } from './check.ts'
import { type Bench, type StoreTest, note, notesOf, sendable } from './device.ts'
import type { Feed } from './feed.ts'

/** Rollback to an older checkpoint. */
export const ROLLBACK_TESTS: readonly StoreTest[] = [
  {
    name: 'a rollback restores the checkpoint’s data exactly, and accepted writes return to the front of the outbox',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 }, { id: 'b' })
      await bench.exchange(store)
      const goal = presentName(bench)
      const backup = bench.feed.copy()
      const first = await bench.write(store, note.patch('a', { n: 1 }))
      await bench.exchange(store)
      const second = await bench.write(store, note.delete('b'), note.insert('c'))
      await bench.exchange(store)
      const third = await bench.write(store, note.insert('d'))
      await rollTo(bench, store, goal)
      checkEqual(
        (await sendable(store)).map((m) => m.mutationId),
        [first, second, third],
        'the outbox, in order',
      )
      checkEqual(await notesOf(store), [{ id: 'a', n: 1 }, { id: 'c' }, { id: 'd' }], 'still on top')
      checkEqual(await store.readStage(first), 'stored', 'the stage')
      const state = await store.readState()
      checkEqual([state.fence.key, state.digest], [{ n: goal.n, tag: goal.tag }, backup.digest()], 'key and digest')
      await continueWith(bench, store, backup)
      checkEqual(await notesOf(store), backup.values('notes'), 'converged with the restored partner')
    },
  },
  {
    name: 'a rollback over thinned steps restores every kept one exactly',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 })
      const backups = new Map<string, Feed>()
      for (let n = 1; n <= 120; n += 1) {
        backups.set(bench.feed.key.tag, bench.feed.copy())
        bench.feed.put('notes', { id: `${n % 7}`, n })
        if (n % 5 === 0) bench.feed.delete('notes', `${(n - 1) % 7}`)
        await bench.commit(store, bench.feed.page())
      }
      const have = (await store.readHave(128)).slice(1)
      check(have.length > 20 && have.length < 60, `thinned: ${have.length} are kept`)
      check(have.at(-1)!.n < 20, 'the oldest reach far back')
      for (const goal of have) {
        await rollTo(bench, store, goal)
        checkEqual(await notesOf(store), backups.get(goal.tag)!.values('notes'), `the records at ${goal.n}`)
      }
    },
  },
  {
    name: 'what cannot be restored says so and changes nothing',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a' })
      await bench.exchange(store)
      const before = await store.inspect()
      const { fence } = await store.readState()
      const goal = presentName(bench)
      checkEqual(await store.rollBack(fence, { ...goal, tag: 'f'.repeat(32) }), 'unrestorable', 'another tag')
      checkEqual(
        await store.rollBack(fence, { ...goal, partnershipId: 'f'.repeat(32) }),
        'unrestorable',
        'another partnership',
      )
      checkEqual(await store.rollBack({ ...fence, key: 0 }, before.have[1]!), 'stale', 'another fence')
      checkEqual(await store.rollBack(fence, goal), 'done', 'the present key: nothing is to be done')
      checkEqual(await store.inspect(), before, 'the store')
    },
  },
  {
    name: 'a colleague’s lost write goes to salvage, is listed once up to date, and leaves when it comes again',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 }, { id: 'b', n: 0 })
      await bench.exchange(store)
      const goal = presentName(bench)
      const backup = bench.feed.copy()
      bench.feed
        .put('notes', { id: 'a', n: 1 }, bench.mutationId())
        .put('notes', { id: 'new', n: 1 }, bench.mutationId())
      await bench.write(store, note.patch('b', { n: 1 }))
      await bench.exchange(store)
      await rollTo(bench, store, goal)
      checkEqual(await store.listSalvage(), [], 'not before the next exchange')
      await continueWith(bench, store, backup)
      const ids = async (): Promise<unknown> => (await store.listSalvage()).map((entry) => entry.id).toSorted()
      checkEqual(await ids(), ['a', 'new'], 'left over')
      checkEqual((await store.readSummary()).counts.salvage, 2, 'counted')
      backup.put('notes', { n: 1, id: 'a' }).put('notes', { id: 'new', n: 2 })
      await bench.commit(store, backup.page())
      checkEqual(await ids(), ['new'], 'what came again with equal fields left')
    },
  },
  {
    name: 'an own write that was merged with a colleague’s is salvaged too: the replay alone does not make it again',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', x: 0, y: 0 })
      await bench.exchange(store)
      const goal = presentName(bench)
      const backup = bench.feed.copy()
      await bench.write(store, note.patch('a', { x: 1 }))
      bench.feed.put('notes', { id: 'a', x: 0, y: 5 }, bench.mutationId())
      await bench.exchange(store)
      checkEqual(await notesOf(store), [{ id: 'a', x: 1, y: 5 }], 'merged')
      await rollTo(bench, store, goal)
      await continueWith(bench, store, backup)
      checkEqual(await notesOf(store), [{ id: 'a', x: 1, y: 0 }], 'replayed')
      checkEqual(
        (await store.listSalvage()).map((entry) => entry.value),
        [{ id: 'a', x: 1, y: 5 }],
        'the merged image',
      )
    },
  },
  {
    name: 'salvaged records are restored as one new mutation; those whose id is taken stay',
    async run(bench) {
      const store = await bench.openSynced()
      await bench.exchange(store)
      const goal = presentName(bench)
      const backup = bench.feed.copy()
      for (const id of ['a', 'b', 'c']) bench.feed.put('notes', { id, n: 1 })
      await bench.commit(store, bench.feed.page())
      await rollTo(bench, store, goal)
      await continueWith(bench, store, backup)
      await bench.write(store, note.insert('b', { n: 2 }))
      const id = bench.mutationId()
      checkEqual(await store.restoreSalvage(id, 'all'), 2, 'restored')
      checkEqual(
        (await notesOf(store)).map((value) => value['n']),
        [1, 2, 1],
        'the records',
      )
      checkEqual((await sendable(store)).at(-1)?.ops.length, 2, 'one mutation')
      checkEqual(
        (await store.listSalvage()).map((entry) => entry.id),
        ['b'],
        'what stays',
      )
      await store.discardSalvage([{ collection: 'notes', id: 'b' }])
      checkEqual(await store.listSalvage(), [], 'discarded')
      checkEqual(await store.restoreSalvage(bench.mutationId(), 'all'), 0, 'nothing is left')
    },
  },
  {
    name: 'a rollback reaches back through a fork, and the keys after it start from there',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 })
      await bench.exchange(store)
      const goal = presentName(bench)
      const backup = bench.feed.copy()
      bench.feed.put('notes', { id: 'a', n: 1 })
      const replicaId = bench.feed.fork()
      await bench.commit(store, bench.feed.page({ forkedReplicaId: replicaId }))
      const mine = await bench.write(store, note.insert('own'))
      await bench.exchange(store)
      await rollTo(bench, store, goal)
      checkEqual((await store.readState()).fence.partnershipId, goal.partnershipId, 'the older partnership')
      checkEqual(await store.readStage(mine), 'stored', 'the write returned')
      await continueWith(bench, store, backup)
      checkEqual(await notesOf(store), backup.values('notes'), 'converged')
    },
  },
  {
    name: 'a rollback past an added collection removes it; its records come anew',
    async run(bench) {
      bench.feed.collections = ['notes']
      const store = await bench.openSynced({ id: 'a' })
      await bench.exchange(store)
      const goal = presentName(bench)
      const backup = bench.feed.copy()
      bench.feed.collections = ['notes', 'places']
      bench.feed.put('places', { id: 'p' })
      await bench.commit(store, bench.feed.page({ snapshot: true, settled: false }))
      bench.feed.put('notes', { id: 'b' })
      await bench.commit(store, bench.feed.page())
      await rollTo(bench, store, goal)
      checkEqual(
        [await notesOf(store), (await store.query({ collection: 'places' })).records],
        [[{ id: 'a' }], []],
        'records',
      )
      checkEqual((await store.readState()).digest, backup.digest(), 'digest')
    },
  },
]

/** The name of the key that the store has. */
function presentName(bench: Bench): CheckpointName {
  return { partnershipId: bench.feed.partnershipId, ...bench.feed.key }
}

async function rollTo(bench: Bench, store: Store, goal: CheckpointName): Promise<void> {
  const { fence } = await store.readState()
  checkEqual(await store.rollBack(fence, goal), 'done', `the rollback to ${goal.n} at ${bench.nowMs}`)
}

/** One exchange with a partner whose history is another one, and the end of the run. */
async function continueWith(bench: Bench, store: Store, partner: Feed): Promise<void> {
  for (const mutation of await sendable(store)) partner.accept(mutation)
  await bench.commit(store, partner.page())
  const { memory } = await store.readState()
  await store.writeMemory(memory, { exchanges: [], syncedAtMs: bench.nowMs })
}
