import 'fake-indexeddb/auto'
import type { Mutation } from 'web-sync-protocol'
import { afterEach, describe, expect, it } from 'vitest'
import type { Store } from '../contract/index.ts'
import { Bench, note, notesOf, sendable } from '../testing/store-suite/index.ts'
import { makeDbName } from './db-name.ts'
import { openIdbStore } from './open-idb-store.ts'

// A store that moves to another address of its partner, and is interrupted anywhere: it is whole at the one or at the other.

const FIRST = 'http://first.test/sync'
const SECOND = 'http://second.test/sync'
const REQUESTS = ['get', 'getAll', 'getAllKeys', 'count', 'put', 'delete', 'clear'] as const
type AnyMethod = (this: IDBObjectStore, ...args: unknown[]) => unknown
const originals = REQUESTS.map((name) => [name, IDBObjectStore.prototype[name] as AnyMethod] as const)
type FactoryMethod = (this: IDBFactory, ...args: unknown[]) => unknown
const DOORS = ['open', 'deleteDatabase'] as const
const originalDoors = DOORS.map((name) => [name, IDBFactory.prototype[name] as FactoryMethod] as const)

let deaths = 0

afterEach(live)

/**
 * The n-th request to the browser's database aborts its transaction, counted among all stores.
 * `death`: all later ones fail, too, and no database is opened or deleted, as far as anybody can
 * tell from outside; `full`: the disk was full at that one. Returns whether it came to that, and
 * how many there were by then.
 */
function failAt(request: number, how: 'death' | 'full'): { hasFailed(): boolean; countRequests(): number } {
  let left = request
  for (const [name, method] of originals) {
    const failing: AnyMethod = function failing(...args) {
      left -= 1
      if (left >= 0 || (left < -1 && how === 'full')) return method.apply(this, args)
      this.transaction.abort()
      throw new DOMException('the failure of the test', how === 'full' ? 'QuotaExceededError' : 'ConstraintError')
    }
    Object.assign(IDBObjectStore.prototype, { [name]: failing })
  }
  for (const [name, method] of originalDoors) {
    const failing: FactoryMethod = function failing(...args) {
      if (left >= 0 || how === 'full') return method.apply(this, args)
      throw new DOMException('the failure of the test', 'InvalidStateError')
    }
    Object.assign(IDBFactory.prototype, { [name]: failing })
  }
  return { hasFailed: () => left < 0, countRequests: () => request - left }
}

function live(): void {
  for (const [name, method] of originals) Object.assign(IDBObjectStore.prototype, { [name]: method })
  for (const [name, method] of originalDoors) Object.assign(IDBFactory.prototype, { [name]: method })
}

interface Moving {
  readonly bench: Bench
  readonly names: { readonly first: string; readonly second: string }
}

function makeDevice(): Moving {
  deaths += 1
  const id = { account: `moving ${deaths}`, space: 'team' }
  const packSizes = { records: 4, entries: 8, length: 400, mergePacks: 2, layers: 4, stepRows: 8 }
  const nameAt = (endpoint: string): string => makeDbName({ app: 'test', endpoint, ...id })
  return {
    bench: new Bench({
      open: (options, environment) => openIdbStore({ ...options, ...id }, { ...environment, packSizes }),
    }),
    names: { first: nameAt(FIRST), second: nameAt(SECOND) },
  }
}

const moved = { endpoint: SECOND, movedFrom: [FIRST] }

/** A store with 60 records of the partner, one mutation that is accepted, two that are unsent, and one that was refused. */
async function fill(bench: Bench): Promise<void> {
  const store = await bench.open({ endpoint: FIRST })
  for (let index = 0; index < 60; index += 1) bench.feed.put('notes', { id: `n${index}`, text: `text ${index}` })
  for (const page of bench.feed.snapshot()) await bench.commit(store, page)
  await bench.write(store, note.insert('accepted', { text: 'a' }))
  await bench.exchange(store)
  await bench.write(store, note.insert('unsent', { text: 'b' }))
  await bench.write(store, note.patch('n1', { text: 'mine' }))
  await store.close()
}

interface Seen {
  readonly notes: readonly unknown[]
  readonly outbox: readonly Mutation[]
  readonly replicaId: string
  readonly fence: unknown
}

async function look(store: Store): Promise<Seen> {
  const { replicaId, fence } = await store.readState()
  return { notes: await notesOf(store), outbox: await sendable(store), replicaId, fence }
}

function idsOf(outbox: readonly Mutation[]): string[] {
  return outbox.map(({ mutationId }) => mutationId)
}

/** Of which stores there are databases, whatever generation: one entry for each. */
async function familiesOf({ names }: Moving): Promise<string[]> {
  const listed = (await indexedDB.databases()).map(({ name = '' }) => name.split('.')[0])
  return Object.entries(names).flatMap(([at, name]) => listed.flatMap((each) => (each === name ? [at] : [])))
}

describe('a store that moves to another address', () => {
  it('is the same one there: records, outbox, key and replica; and nothing of it is left', async () => {
    const device = makeDevice()
    await fill(device.bench)
    const before = await device.bench.open({ endpoint: FIRST })
    const seen = await look(before)
    await before.close()
    const store = await device.bench.open(moved)
    expect(await look(store)).toEqual(seen)
    expect((await store.readSummary()).recovery).toBeNull()
    await expect.poll(() => familiesOf(device)).toEqual(['second'])
    await store.close()
  })

  it('after a death at any request it is whole, whoever opens it next', async () => {
    const request = await failEverywhere('death', isWhole)
    expect(request).toBeGreaterThan(30)
  })

  it('after a death at the end of the move it is whole, too', async () => {
    const { requests } = await failOnce(NEVER, 'death', isWhole)
    for (let at = requests - LAST_REQUESTS; at < requests; at += 2) await failOnce(at, 'death', isWhole)
  })

  it('an opening between that does not say where it was loses nothing', async () => {
    await failEverywhere('death', async ({ device, seen, at }) => {
      await (await device.bench.open({ endpoint: SECOND })).close()
      const store = await device.bench.open(moved)
      await expect
        .poll(async () => idsOf(await sendable(store)), { message: at })
        .toEqual(expect.arrayContaining(idsOf(seen.outbox)))
      await expect.poll(() => familiesOf(device)).toEqual(['second'])
      await store.close()
    })
  })

  it('where the disk is full what was written is there all the same', async () => {
    await failEverywhere('full', async ({ device, seen, at }) => {
      const store = await device.bench.open(moved)
      await expect
        .poll(async () => idsOf(await sendable(store)), { message: at })
        .toEqual(expect.arrayContaining(idsOf(seen.outbox)))
      expect((await store.readSummary()).counts.refused).toBe(0)
      await expect.poll(() => familiesOf(device)).toEqual(['second'])
      await store.close()
    })
  })
})

interface Failed {
  readonly device: Moving
  readonly seen: Seen
  readonly at: string
}

/** More than any move needs. */
const NEVER = 1_000_000
/**
 * The first row of the copy is put, and the former database emptied, in fewer requests than these,
 * the last of a move.
 */
const LAST_REQUESTS = 20

async function isWhole({ device, seen, at }: Failed): Promise<void> {
  const store = await device.bench.open(moved)
  expect({ at, ...(await look(store)) }).toEqual({ at, ...seen })
  await expect.poll(() => familiesOf(device)).toEqual(['second'])
  await store.close()
}

/** Moves as many stores as it takes until none fails any more; returns at how many requests that was. */
async function failEverywhere(how: 'death' | 'full', check: (failed: Failed) => Promise<void>): Promise<number> {
  let request = 0
  while ((await failOnce(request, how, check)).hasFailed) request += 1 + Math.floor(request / 3)
  return request
}

async function failOnce(
  request: number,
  how: 'death' | 'full',
  check: (failed: Failed) => Promise<void>,
): Promise<{ readonly hasFailed: boolean; readonly requests: number }> {
  const device = makeDevice()
  await fill(device.bench)
  const before = await device.bench.open({ endpoint: FIRST })
  const seen = await look(before)
  await before.close()
  const failure = failAt(request, how)
  const failing = await device.bench.open(moved).catch(() => null)
  const found = { hasFailed: failure.hasFailed(), requests: failure.countRequests() }
  live()
  await failing?.close()
  await check({ device, seen, at: `${how} at request ${request}` })
  return found
}
