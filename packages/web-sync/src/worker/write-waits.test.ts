import { readFileSync } from 'node:fs'
import { PERIODS } from 'web-sync-protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { type ReachTarget, type Store, type StorageRecovery, SyncError } from '../contract/index.ts'
import { createMemoryStore } from '../store/create-memory-store.ts'
import { createMemoryDatabase, type MemoryDatabase } from '../store/memory/memory-database.ts'
import type { OpeningNews } from '../store/open-rows.ts'
import { Bench, note } from '../testing/store-suite/index.ts'
import { WriteWaits } from './write-waits.ts'

const DAY_MS = 86_400_000
const TARGETS: readonly ReachTarget[] = ['stored', 'accepted', 'durable']

/** The rows of the first table of docs/writes.md: what the store says, and what each promise does. */
const TABLE = readFileSync(new URL('../../../../docs/writes.md', import.meta.url), 'utf8')
  .split(/^\| way out/m)[0]!
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| the store says'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, state = '', ...cells]) => ({ state, cells: cells.slice(0, TARGETS.length) }))

interface Scene {
  readonly bench: Bench
  readonly store: Store
  readonly waits: WriteWaits
  /** Begins to wait for the mutation to be durable, as a page does that asked early. */
  readonly follow: (mutationId: string) => void
}

/** Brings the store into a state; returns the mutation that it is about. */
type Play = (scene: Scene) => Promise<string>

const RECOVERY: StorageRecovery = {
  atMs: 1,
  cause: 'damaged',
  message: '',
  saved: 0,
  unreadable: 1,
  isRead: true,
  isOldKept: true,
}

/** A write that waits for the partner, and is waited for. */
async function storeOne({ bench, store, follow }: Scene, id = 'a'): Promise<string> {
  const mutationId = await bench.write(store, note.insert(id))
  follow(mutationId)
  return mutationId
}

async function acceptOne(scene: Scene): Promise<string> {
  const mutationId = await storeOne(scene)
  await scene.bench.exchange(scene.store)
  return mutationId
}

async function refuseOne(scene: Scene): Promise<string> {
  const mutationId = await storeOne(scene)
  scene.bench.feed.refuse(mutationId)
  await scene.bench.commit(scene.store, scene.bench.feed.page())
  return mutationId
}

async function endAccess({ store }: Scene): Promise<void> {
  expect(await store.removeAccess((await store.readState()).fence)).toBe('done')
}

async function neverMade({ bench, follow }: Scene): Promise<string> {
  const mutationId = bench.mutationId()
  follow(mutationId)
  return mutationId
}

/** Each row of the table: how the store comes to say so, in every way there is. */
const PLAYS: Readonly<
  Record<string, Readonly<Record<string, { readonly play: Play; readonly news?: Partial<OpeningNews> }>>>
> = {
  'stored: in the outbox': { 'it is written': { play: storeOne } },
  'set aside': {
    'it cannot be delivered': {
      play: async (scene) => {
        const mutationId = await storeOne(scene)
        await scene.store.setAside(mutationId, 'undeliverable')
        return mutationId
      },
    },
  },
  'accepted: in the journal': {
    'it is accepted': { play: acceptOne },
    'a duplicate is answered': {
      play: async (scene) => {
        const mutationId = await storeOne(scene)
        scene.bench.feed.answer({ mutationId, type: 'accepted', duplicate: true, merged: false, versions: [] })
        await scene.bench.commit(scene.store, scene.bench.feed.page())
        return mutationId
      },
    },
  },
  durable: {
    'the partner calls it durable': {
      play: async (scene) => {
        const mutationId = await acceptOne(scene)
        await scene.bench.exchange(scene.store, { durable: scene.bench.feed.key.n })
        return mutationId
      },
    },
  },
  'dropped: left the journal by age (30 days on which it synced) or size (8 MiB)': {
    age: {
      play: async (scene) => {
        const mutationId = await acceptOne(scene)
        for (let day = 0; day < 31; day += 1) {
          scene.bench.nowMs += DAY_MS
          await scene.bench.exchange(scene.store)
        }
        return mutationId
      },
    },
    size: {
      play: async (scene) => {
        const { bench, store } = scene
        const mutationId = await acceptOne(scene)
        for (let index = 0; index < 45; index += 1) {
          await bench.write(store, note.insert(`big-${index}`, { text: 'x'.repeat(200_000) }))
        }
        await bench.exchange(store)
        return mutationId
      },
    },
  },
  'lost: accepted, the partner went back, too old to be sent again': {
    'by a rollback': {
      play: async (scene) => {
        const { bench, store } = scene
        const { partnershipId } = bench.feed
        const { n, tag } = bench.feed.key
        const mutationId = await acceptOne(scene)
        bench.nowMs += PERIODS.replayMs + DAY_MS
        const { fence } = await store.readState()
        expect(await store.rollBack(fence, { partnershipId, n, tag })).toBe('done')
        return mutationId
      },
    },
    'by a full resync': {
      play: async (scene) => {
        const { bench, store } = scene
        const backup = bench.feed.copy()
        const mutationId = await acceptOne(scene)
        bench.nowMs += PERIODS.replayMs + DAY_MS
        const { fence } = await store.readState()
        expect(await store.beginResync(fence, 'upload', 'regressed')).toBe('done')
        for (const page of backup.snapshot()) await bench.commit(store, page)
        return mutationId
      },
    },
  },
  'refused by the partner': { 'it is refused': { play: refuseOne } },
  'access ended while it waited': {
    'access ends': {
      play: async (scene) => {
        const mutationId = await storeOne(scene)
        await endAccess(scene)
        return mutationId
      },
    },
  },
  'access ended after it was accepted': {
    'access ends': {
      play: async (scene) => {
        const mutationId = await acceptOne(scene)
        await endAccess(scene)
        return mutationId
      },
    },
  },
  'discarded, or retried as another write': {
    'what it depends on is discarded': {
      play: async (scene) => {
        const { bench, store, follow } = scene
        const first = await bench.write(store, note.insert('a'))
        const second = await bench.write(store, note.patch('a', { text: 'made on it' }))
        follow(second)
        await store.setAside(first, 'undeliverable')
        await store.discard(first)
        return second
      },
    },
    'it is retried as another': {
      play: async (scene) => {
        const mutationId = await scene.bench.write(scene.store, note.insert('a'))
        scene.bench.feed.refuse(mutationId)
        await scene.bench.commit(scene.store, scene.bench.feed.page())
        await scene.store.retry(mutationId, scene.bench.mutationId())
        scene.follow(mutationId)
        return mutationId
      },
    },
  },
  'nothing, and an older database is not read yet': {
    'it was replaced': { play: neverMade, news: { age: 2, recovery: { ...RECOVERY, isRead: false } } },
  },
  'nothing, and the database was replaced': {
    'all that can be read is read': { play: neverMade, news: { age: 2, recovery: RECOVERY } },
  },
  'nothing, and the browser evicted the copy': {
    'it was found to be gone': { play: neverMade, news: { evictedAtMs: 1 } },
  },
  'nothing (never made, or forgotten after 10,000 others)': {
    'never made': { play: neverMade },
    forgotten: {
      play: async (scene) => {
        const { bench, store } = scene
        const mutationId = await bench.write(store, note.insert('a'))
        for (let index = 0; index <= 10_000; index += 1) {
          await bench.write(store, note.put('a', { rank: index }))
          if (index % 1_000 !== 0) continue
          await bench.exchange(store)
          await bench.exchange(store, { durable: bench.feed.key.n })
        }
        scene.follow(mutationId)
        return mutationId
      },
    },
  },
}

const scenes: Store[] = []

afterEach(async () => {
  for (const store of scenes.splice(0)) await store.close()
})

/** How promises ended; those that are still waiting when the space closes ‘wait’. */
interface Ends {
  readonly late: readonly string[]
  readonly early: string
}

async function playOut(play: Play, news: Partial<OpeningNews>): Promise<Ends> {
  const database: MemoryDatabase = createMemoryDatabase()
  const bench = new Bench({ open: (options, environment) => createMemoryStore(options, environment, database, news) })
  let waits: WriteWaits | null = null
  const store = await bench.open({ onNotice: ({ mutations }) => waits?.notice(mutations) })
  scenes.push(store)
  waits = makeWaits(store)
  for (const page of bench.feed.snapshot()) await bench.commit(store, page)
  const followed: Promise<string>[] = []
  const before = waits
  const mutationId = await play({
    bench,
    store,
    waits,
    follow: (id) => void followed.push(endOf(before.reach(id, 'durable'))),
  })
  // Asked afterwards, and by a context that has seen nothing of it.
  const after = makeWaits(store)
  const late = TARGETS.map((target) => endOf(after.reach(mutationId, target)))
  await quiet()
  after.close()
  before.close()
  expect(followed).toHaveLength(1)
  return { late: await Promise.all(late), early: await (followed[0] as Promise<string>) }
}

function makeWaits(store: Store): WriteWaits {
  return new WriteWaits({ store, isEvicted: () => false })
}

/** In the words of the table. */
function endOf(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => 'resolves',
    (error: unknown) => {
      if (!(error instanceof SyncError)) return String(error)
      if (error.code === 'closed') return 'waits'
      return error.refusal === 'access-ended' ? `\`${error.code}\` (\`access-ended\`)` : `\`${error.code}\``
    },
  )
}

/** The store is in memory: all that it was asked is answered in a few turns. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

describe('what the promises of a write do (docs/writes.md)', () => {
  it('the table has a row for each state that is tried, and no other', () => {
    expect(TABLE.map(({ state }) => state)).toEqual(Object.keys(PLAYS))
  })

  const cases = TABLE.flatMap(({ state, cells }) =>
    Object.entries(PLAYS[state] ?? {}).map(([way, { play, news = {} }]) => ({ state, way, cells, play, news })),
  )

  it.each(cases)('$state ($way)', async ({ cells, play, news }) => {
    const { late, early } = await playOut(play, news)
    expect(late).toEqual(cells)
    // Whoever asked before it came to that hears the same.
    expect(early).toBe(cells.at(-1))
  })
})

async function openOne(): Promise<{ bench: Bench; store: Store; waits: WriteWaits }> {
  let waits: WriteWaits | null = null
  const database = createMemoryDatabase()
  const bench = new Bench({ open: (options, environment) => createMemoryStore(options, environment, database) })
  const store = await bench.open({ onNotice: ({ mutations }) => waits?.notice(mutations) })
  scenes.push(store)
  waits = makeWaits(store)
  for (const page of bench.feed.snapshot()) await bench.commit(store, page)
  return { bench, store, waits }
}

/** What has become of promises so far. */
async function look(ends: readonly Promise<string>[]): Promise<readonly string[]> {
  await quiet()
  return Promise.all(ends.map((end) => Promise.race([end, Promise.resolve('waits')])))
}

describe('a write that is on its way out, and is waited for', () => {
  it.each([
    {
      way: 'a rollback',
      goBack: async (
        { bench, store }: { bench: Bench; store: Store },
        backup: Bench['feed'],
        key: Bench['feed']['key'],
      ) => {
        const { fence } = await store.readState()
        const { partnershipId } = bench.feed
        expect(await store.rollBack(fence, { partnershipId, ...key })).toBe('done')
        return backup
      },
    },
    {
      way: 'a full resync',
      goBack: async ({ bench, store }: { bench: Bench; store: Store }, backup: Bench['feed']) => {
        const { fence } = await store.readState()
        expect(await store.beginResync(fence, 'upload', 'regressed')).toBe('done')
        for (const page of backup.snapshot()) await bench.commit(store, page)
        return backup
      },
    },
  ])('$way: it is sent again, and waits for the next answer; what was resolved was true', async ({ goBack }) => {
    const { bench, store, waits } = await openOne()
    const { key } = bench.feed
    const backup = bench.feed.copy()
    const mutationId = await bench.write(store, note.insert('a'))
    const reach = (target: ReachTarget): Promise<string> => endOf(waits.reach(mutationId, target))
    const early = [reach('accepted'), reach('durable')]
    await bench.exchange(store)
    expect(await look(early)).toEqual(['resolves', 'waits'])
    const feed = await goBack({ bench, store }, backup, key)
    const late = [reach('stored'), reach('accepted'), reach('durable')]
    expect(await look([...early, ...late])).toEqual(['resolves', 'waits', 'resolves', 'waits', 'waits'])
    for (const mutation of await store.readOutbox({ mutations: 9, bytes: 1e6 })) feed.accept(mutation)
    await bench.commit(store, feed.page())
    expect(await look([...early, ...late])).toEqual(['resolves', 'waits', 'resolves', 'resolves', 'waits'])
    await bench.commit(store, feed.page({ durable: feed.key.n }))
    expect(await look([...early, ...late])).toEqual(Array.from({ length: 5 }, () => 'resolves'))
  })

  it('the partner says that less is durable than before: what was called durable stays so, the rest waits', async () => {
    const { bench, store, waits } = await openOne()
    const first = await bench.write(store, note.insert('a'))
    await bench.exchange(store)
    await bench.exchange(store, { durable: bench.feed.key.n })
    const second = await bench.write(store, note.insert('b'))
    await bench.exchange(store, { durable: 0 })
    const ends = [endOf(waits.reach(first, 'durable')), endOf(waits.reach(second, 'durable'))]
    expect(await look(ends)).toEqual(['resolves', 'waits'])
  })

  it('the space closes: all that wait are told closed, and so is whoever asks later', async () => {
    const { bench, store, waits } = await openOne()
    const mutationId = await bench.write(store, note.insert('a'))
    const early = [waits.reach(mutationId, 'accepted'), waits.reach(mutationId, 'durable')]
    waits.close()
    for (const wait of [...early, waits.reach(mutationId, 'stored')]) {
      await expect(wait).rejects.toMatchObject({ code: 'closed' })
    }
  })

  it('the store cannot be read: its code is told, and nothing is called reached', async () => {
    const { bench, store, waits } = await openOne()
    const mutationId = await bench.write(store, note.insert('a'))
    const broken = new WriteWaits({
      store: { ...store, readStage: () => Promise.reject(new SyncError('storage-failed', 'broken')) },
      isEvicted: () => false,
    })
    await expect(broken.reach(mutationId, 'stored')).rejects.toMatchObject({ code: 'storage-failed' })
    await expect(waits.reach(mutationId, 'stored')).resolves.toBeUndefined()
  })
})
