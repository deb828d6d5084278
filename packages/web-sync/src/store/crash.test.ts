import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it } from 'vitest'
import { type Store, SyncError } from '../contract/index.ts'
import { Bench, Feed, type StoreDevice, note, sendable } from '../testing/store-suite/index.ts'
import { createMemoryStore } from './create-memory-store.ts'
import { createMemoryDatabase } from './memory/memory-database.ts'
import { openIdbStore } from './open-idb-store.ts'
import type { RowWriter } from './row-database.ts'

/** A device whose transactions can be made to end at their n-th request. */
interface CrashingDevice extends StoreDevice {
  /** null: never. */
  crashAt(request: number | null): void
  /** True if the crash came. */
  hasCrashed(): boolean
}

/** Counts requests down; true when the crash is due. */
class Countdown {
  #left: number | null = null
  hasCrashed = false

  set(request: number | null): void {
    this.#left = request
    this.hasCrashed = false
  }

  isDue(): boolean {
    if (this.#left === null) return false
    this.#left -= 1
    if (this.#left >= 0) return false
    this.#left = null
    this.hasCrashed = true
    return true
  }
}

function makeMemoryDevice(): CrashingDevice {
  const countdown = new Countdown()
  const database = createMemoryDatabase()
  const crashing = {
    ...database,
    write: <T>(
      durability: 'strict' | 'relaxed',
      work: (tx: RowWriter) => Promise<T>,
      onComplete?: () => void,
    ): Promise<T> => database.write(durability, (tx) => work(withCrash(tx, countdown)), onComplete),
  }
  return {
    open: (options, environment) => createMemoryStore(options, environment, crashing),
    crashAt: (request) => countdown.set(request),
    hasCrashed: () => countdown.hasCrashed,
  }
}

function withCrash(tx: RowWriter, countdown: Countdown): RowWriter {
  return new Proxy(tx, {
    get(target, name: keyof RowWriter) {
      const method = target[name] as (...args: unknown[]) => unknown
      return (...args: unknown[]): unknown => {
        if (countdown.isDue()) throw new SyncError('storage-failed', 'the crash of the test')
        return method(...args)
      }
    },
  })
}

const REQUESTS = ['get', 'getAll', 'getAllKeys', 'count', 'put', 'delete', 'clear'] as const
type AnyMethod = (this: IDBObjectStore, ...args: unknown[]) => unknown
const originals = new Map<string, AnyMethod>()

afterEach(() => {
  for (const [name, method] of originals) Object.assign(IDBObjectStore.prototype, { [name]: method })
  originals.clear()
})

let devices = 0

/** The browser aborts the transaction at the request, as it does when the disk is full; for other reasons it would be tried again. */
function makeIdbDevice(): CrashingDevice {
  const countdown = new Countdown()
  for (const name of REQUESTS) {
    const original = IDBObjectStore.prototype[name] as AnyMethod
    originals.set(name, original)
    const crashing = function crashing(this: IDBObjectStore, ...args: unknown[]): unknown {
      const request = original.apply(this, args)
      if (countdown.isDue()) {
        const fake = this.transaction as unknown as Readonly<Record<string, (name: string) => void>>
        fake['_abort']?.call(fake, 'QuotaExceededError')
      }
      return request
    }
    Object.assign(IDBObjectStore.prototype, { [name]: crashing })
  }
  devices += 1
  const account = `crashing device ${devices}`
  return {
    open: (options, environment) => openIdbStore({ ...options, account }, environment),
    crashAt: (request) => countdown.set(request),
    hasCrashed: () => countdown.hasCrashed,
  }
}

/** Everything that can be seen of a store. */
async function dump(store: Store): Promise<unknown> {
  return {
    inspection: await store.inspect(),
    state: await store.readState(),
    notes: await store.query({ collection: 'notes' }),
    byText: await store.query({ collection: 'notes', index: 'byText' }),
    salvage: await store.listSalvage(),
    refused: await store.listRefused(),
  }
}

type Step = (store: Store) => Promise<unknown>

/** A store with history: 40 steps, pending, accepted and refused writes. */
async function prepare(
  device: StoreDevice,
): Promise<{ bench: Bench; store: Store; backup: Feed; goal: Parameters<Store['rollBack']>[1] }> {
  const bench = new Bench(device)
  const store = await bench.openSynced({ id: 'a', text: '0' }, { id: 'b', text: '0' })
  for (let n = 0; n < 30; n += 1) {
    bench.feed.put('notes', { id: `c${n % 5}`, text: `${n}` })
    await bench.commit(store, bench.feed.page())
  }
  const goal = { partnershipId: bench.feed.partnershipId, ...bench.feed.key }
  const backup = bench.feed.copy()
  await bench.write(store, note.patch('a', { text: '1' }), note.delete('b'))
  await bench.exchange(store)
  bench.feed.put('notes', { id: 'lost', text: 'x' })
  await bench.exchange(store)
  await bench.write(store, note.patch('a', { text: '2' }))
  await bench.write(store, note.insert('d', { text: '2' }))
  return { bench, store, backup, goal }
}

async function fenceOf(store: Store): Promise<Parameters<Store['commitPage']>[0]> {
  return (await store.readState()).fence
}

/**
 * Ends the step at each request in turn: everything must be as before; and once it is let through it must work. Returns what is wrong.
 */
async function crashEverywhere(device: CrashingDevice, store: Store, step: Step, done: unknown): Promise<string[]> {
  const wrong: string[] = []
  const before = JSON.stringify(await dump(store))
  for (let request = 0; ; request += 1) {
    device.crashAt(request)
    const result = await step(store).catch((error: unknown) => (error as SyncError).code)
    const hasCrashed = device.hasCrashed()
    device.crashAt(null)
    const isSame = JSON.stringify(await dump(store)) === before
    if (!hasCrashed) {
      if (request < 2) wrong.push('there was hardly a request to end at')
      if (result !== done) wrong.push(`let through it ended with ${String(result)}`)
      if (isSame) wrong.push('let through it changed nothing')
      return wrong
    }
    if (!['failed', 'storage-failed', 'quota-exceeded'].includes(String(result)))
      wrong.push(`request ${request}: ended with ${String(result)}`)
    if (!isSame) wrong.push(`request ${request}: something changed`)
  }
}

describe.each([
  ['memory', makeMemoryDevice],
  ['IndexedDB', makeIdbDevice],
])('a transaction that ends at any of its requests leaves key and data in agreement (%s)', (_name, makeDevice) => {
  it('a local write', async () => {
    const device = makeDevice()
    const { bench, store } = await prepare(device)
    const id = bench.mutationId()
    expect(
      await crashEverywhere(
        device,
        store,
        (s) => s.write(id, [note.patch('a', { text: '3' }), note.insert('e')]),
        undefined,
      ),
    ).toEqual([])
  })

  it('a page with changes and outcomes', async () => {
    const device = makeDevice()
    const { bench, store } = await prepare(device)
    const [first, second] = await sendable(store)
    bench.feed.accept(first!).refuse(second!.mutationId).put('notes', { id: 'c0', text: 'new' }).delete('notes', 'c1')
    const page = bench.feed.page({ durable: bench.feed.key.n - 1 })
    expect(await crashEverywhere(device, store, async (s) => s.commitPage(await fenceOf(s), page), 'applied')).toEqual(
      [],
    )
  })

  it('a rollback', async () => {
    const device = makeDevice()
    const { store, goal } = await prepare(device)
    expect(await crashEverywhere(device, store, async (s) => s.rollBack(await fenceOf(s), goal), 'done')).toEqual([])
  })

  it('the beginning of a full resync, its flip, and the salvage after it', async () => {
    const device = makeDevice()
    const { bench, store, backup } = await prepare(device)
    expect(
      await crashEverywhere(device, store, async (s) => s.beginResync(await fenceOf(s), 'upload', 'regressed'), 'done'),
    ).toEqual([])
    const pages = backup.snapshot(4)
    for (const page of pages.slice(0, -1)) await bench.commit(store, page)
    expect(
      await crashEverywhere(device, store, async (s) => s.commitPage(await fenceOf(s), pages.at(-1)!), 'applied'),
    ).toEqual([])
    const { memory } = await store.readState()
    await store.writeMemory(memory, { exchanges: [], syncedAtMs: 1 })
    expect(await crashEverywhere(device, store, (s) => s.tidy(), false)).toEqual([])
    expect((await store.listSalvage()).map((entry) => entry.id)).toEqual(['lost'])
  })

  it('the removal after lost access', async () => {
    const device = makeDevice()
    const { store } = await prepare(device)
    expect(await crashEverywhere(device, store, async (s) => s.removeAccess(await fenceOf(s)), 'done')).toEqual([])
  })
})
