import { describe, expect, it } from 'vitest'
import type { Store, StorageRecovery } from '../contract/index.ts'
import { Bench, note, sendable } from '../testing/store-suite/index.ts'
import { carryOver, noteCarried } from './carry-over.ts'
import type { StoreContext } from './context.ts'
import { createMemoryStore } from './create-memory-store.ts'
import type { OldDatabase } from './estate.ts'
import { createMemoryDatabase, type MemoryDatabase } from './memory/memory-database.ts'
import type { RowDatabase } from './row-database.ts'
import type { SyncRow } from './rows.ts'
import { toContext } from './runner.ts'

const RECOVERY: StorageRecovery = {
  atMs: 1,
  cause: 'damaged',
  message: '',
  saved: 0,
  unreadable: null,
  isRead: false,
  isOldKept: true,
}

/** What a replaced database is like to whoever reads it. */
interface Damage {
  /** False: its first row cannot be written. */
  readonly isMarkable: boolean
  /** How many of its groups cannot be read, from the first one; null: not even their keys can be listed. */
  readonly unreadable: number | null
}

const SOUND: Damage = { isMarkable: true, unreadable: 0 }

/** Where a context dies: at one of its requests, or never (null). What it does later never happens. */
class Life {
  #left: number | null
  isOver = false

  constructor(dieAt: number | null) {
    this.#left = dieAt
  }

  /** One more request. */
  live(): void {
    if (this.#left !== null) this.#left -= 1
    if (this.#left !== null && this.#left < 0) this.isOver = true
    if (this.isOver) throw new Error('this context has died')
  }
}

/** A device whose first database was replaced by a second one, both in memory. */
class Device {
  readonly bench: Bench
  readonly old: MemoryDatabase
  readonly fresh: MemoryDatabase = createMemoryDatabase()
  damage: Damage = SOUND

  constructor(old: MemoryDatabase) {
    this.old = old
    this.bench = new Bench({
      open: (options, environment) =>
        createMemoryStore(options, environment, this.fresh, { age: 2, recovery: RECOVERY }),
    })
  }

  get context(): StoreContext {
    const options = { account: 'ann@example.org', space: 'team', schema: SCHEMA, onNotice: nothing }
    return toContext(options, { nowMs: () => this.bench.nowMs, randomId: () => this.bench.randomId() })
  }

  /** A context looks at the old database, as at each opening; true if it took all that can be read. */
  async carry(dieAt: number | null = null): Promise<{ readonly isRead: boolean; readonly hasDied: boolean }> {
    const life = new Life(dieAt)
    const database = mortal(this.fresh, life)
    try {
      const isRead = await carryOver('old', async () => this.#openOld(life), database, this.context, nothing)
      await noteCarried(database, this.context, nothing, { isRead, left: ['old'] })
      return { isRead, hasDied: false }
    } catch (error) {
      if (!life.isOver) throw error
      return { isRead: false, hasDied: true }
    }
  }

  #openOld(life: Life): OldDatabase & { close(): void } {
    const { isMarkable, unreadable } = this.damage
    const old = mortal(this.old, life)
    const readMeta = (name: 'sync' | 'inherited'): Promise<unknown> => old.read((tx) => tx.get('meta', name))
    return {
      name: 'old',
      age: 1,
      close: nothing,
      fence: async (mark) => {
        if (!isMarkable) return { row: await readMeta('sync'), isMarked: false }
        const row = await old.write('strict', async (tx) => {
          const marked = mark(await tx.get('meta', 'sync')) as SyncRow
          tx.put('meta', marked)
          return marked
        })
        return { row, isMarked: true }
      },
      readAll: async (store) => {
        const rows = await old.read((tx) =>
          tx.list(store, {
            range: { lower: store === 'groups' ? 0 : [], upper: store === 'groups' ? Infinity : [[]] },
            limit: 1_000,
          }),
        )
        if (store === 'salvage') return { rows, unreadable: 0 }
        return unreadable === null ? { rows: [], unreadable: null } : { rows: rows.slice(unreadable), unreadable }
      },
      readInherited: () => readMeta('inherited'),
    }
  }
}

const SCHEMA = {
  app: 'test',
  version: 1,
  collections: [
    { name: 'notes', indexes: { byText: ['text'], byRank: ['rank', 'text'] }, putsTravelAsPatch: true },
    { name: 'places', indexes: {}, putsTravelAsPatch: false },
  ],
}

function nothing(): void {
  // Nobody hears of it.
}

/** A context's way to a database: each request, and the end of each transaction, may be its last. */
function mortal(database: MemoryDatabase, life: Life): RowDatabase {
  const guard = <Tx extends object>(tx: Tx): Tx =>
    new Proxy(tx, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...args: unknown[]) => unknown
        return (...args: unknown[]): unknown => {
          life.live()
          return method(...args)
        }
      },
    })
  const end = <T>(result: T): T => {
    // It is done, and nobody is left who hears of it.
    life.live()
    return result
  }
  return {
    read: async (work) => end(await database.read((tx) => work(guard(tx)))),
    write: async (durability, work, onComplete) =>
      end(await database.write(durability, (tx) => work(guard(tx)), onComplete)),
    close: async () => undefined,
  }
}

/** Names of the mutations of {@link makeOld}. */
interface Left {
  readonly accepted: string
  readonly durable: string
  readonly refused: string
  readonly aside: string
  readonly discarded: string
  readonly unsent: string
}

/** A database with something of each kind. */
async function makeOld(): Promise<{ readonly old: MemoryDatabase; readonly left: Left }> {
  const old = createMemoryDatabase()
  const bench = new Bench({ open: (options, environment) => createMemoryStore(options, environment, old) })
  const store = await bench.openSynced({ id: 'a', text: 'by the partner' })
  const durable = await bench.write(store, note.insert('durable'))
  await bench.exchange(store)
  await bench.exchange(store, { durable: bench.feed.key.n })
  const accepted = await bench.write(store, note.insert('accepted'))
  await bench.exchange(store)
  const refused = await bench.write(store, note.insert('refused'))
  bench.feed.refuse(refused)
  await bench.commit(store, bench.feed.page())
  const discarded = await bench.write(store, note.insert('discarded'))
  await store.setAside(discarded, 'undeliverable')
  await store.discard(discarded)
  const aside = await bench.write(store, note.insert('aside'))
  await store.setAside(aside, 'undeliverable')
  const unsent = await bench.write(store, note.patch('a', { text: 'unsent' }))
  await old.write('strict', async (tx) => {
    for (const id of ['s1', 's2']) {
      tx.put('salvage', { collection: 'notes', id, version: 'v', value: { id, text: 'lost' }, salvagedAtMs: 1 })
    }
  })
  await store.close()
  return { old, left: { accepted, durable, refused, aside, discarded, unsent } }
}

/** Ids that no mutation of the old database has. */
function freshId(number: number): string {
  return `00000000-0000-4000-9000-${String(number).padStart(12, '0')}`
}

/** All that a person, an app and a partner can tell of a store. */
async function describeStore(store: Store, left: Left): Promise<unknown> {
  const { recovery, counts } = await store.readSummary()
  const stages = await Promise.all(
    Object.entries(left).map(async ([name, id]) => [name, await store.readStage(id as string)] as const),
  )
  return {
    recovery,
    counts,
    stages: Object.fromEntries(stages),
    writes: (await store.listWrites()).map(({ mutationId, order }) => [mutationId, order]),
    refused: (await store.listRefused()).map(({ mutationId, order }) => [mutationId, order]),
    sent: await sendable(store),
    salvage: await store.listSalvage(),
    notes: await store.query({ collection: 'notes' }),
  }
}

let made: ReturnType<typeof makeOld> | null = null

/** A device with a replaced database, and a store on the fresh one. */
async function replace(damage: Damage): Promise<{ device: Device; left: Left; store: Store }> {
  // The same for all, to the letter.
  made ??= makeOld()
  const { old, left } = await made
  const device = new Device(old.copy())
  device.damage = damage
  return { device, left, store: await device.bench.open() }
}

async function carryThrice(device: Device): Promise<void> {
  await device.carry()
  await device.carry()
  await device.carry()
}

const DAMAGES = [
  { what: 'sound', damage: SOUND },
  { what: 'with rows that cannot be read', damage: { isMarkable: true, unreadable: 2 } },
  { what: 'that cannot be marked', damage: { isMarkable: false, unreadable: 1 } },
  { what: 'whose writes cannot be listed', damage: { isMarkable: true, unreadable: null } },
] as const

describe.each(DAMAGES)('carrying over a database $what', ({ damage }) => {
  it('is the same whenever a context dies in it, and however often it is done', async () => {
    const once = await replace(damage)
    await once.device.carry()
    const expected = await describeStore(once.store, once.left)
    let deaths = 0
    for (let request = 0; ; request += 1) {
      const { device, left, store } = await replace(damage)
      const { hasDied } = await device.carry(request)
      if (hasDied) deaths += 1
      await carryThrice(device)
      expect(await describeStore(store, left), `death at request ${request}`).toEqual(expected)
      if (!hasDied) break
    }
    expect(deaths).toBeGreaterThan(10)
  })

  it('is the same by several tabs at once, some of which die', async () => {
    const once = await replace(damage)
    await once.device.carry()
    const expected = await describeStore(once.store, once.left)
    for (const [first, second] of [
      [3, 9],
      [7, 7],
      [12, 30],
      [25, null],
    ] as const) {
      const { device, left, store } = await replace(damage)
      await Promise.all([device.carry(first), device.carry(second), device.carry()])
      await device.carry()
      expect(await describeStore(store, left)).toEqual(expected)
    }
  })

  it('brings back nothing that was dealt with since: what was sent, discarded, or restored', async () => {
    const { device, left, store } = await replace(damage)
    await device.carry()
    const before = (await store.readSummary()).recovery
    await store.discardSalvage([{ collection: 'notes', id: 's1' }])
    expect(await store.restoreSalvage(freshId(1), 'all')).toBe(1)
    for (const { mutationId } of await store.listRefused()) await store.discard(mutationId)
    for (const { mutationId, stage } of await store.listWrites()) {
      if (stage === 'set-aside') await store.discard(mutationId)
    }
    for (const page of device.bench.feed.snapshot()) await device.bench.commit(store, page)
    await device.bench.exchange(store)
    await device.bench.exchange(store, { durable: device.bench.feed.key.n })
    const settled = await describeStore(store, left)
    expect(settled).toMatchObject({ writes: [], refused: [], salvage: [], recovery: before })
    await carryThrice(device)
    expect(await describeStore(store, left)).toEqual(settled)
  })
})

describe('what is carried over', () => {
  it('is all of it: with its order, its ids, and its stages', async () => {
    const { device, left, store } = await replace(SOUND)
    expect(await device.carry()).toEqual({ isRead: true, hasDied: false })
    expect(await describeStore(store, left)).toMatchObject({
      stages: {
        accepted: 'stored',
        durable: 'durable',
        refused: 'refused',
        aside: 'set-aside',
        discarded: 'discarded',
        unsent: 'stored',
      },
      recovery: { saved: 2, unreadable: 0, isRead: true },
      counts: { refused: 1, setAside: 1, journal: 0 },
    })
    expect((await sendable(store)).map(({ mutationId }) => mutationId)).toEqual([left.accepted, left.unsent])
  })

  it('counts what cannot be read once, as the last reading found it', async () => {
    const { device, store } = await replace({ isMarkable: false, unreadable: 3 })
    await carryThrice(device)
    expect((await store.readSummary()).recovery).toMatchObject({ unreadable: 3 })
    device.damage = { isMarkable: false, unreadable: 1 }
    await carryThrice(device)
    expect((await store.readSummary()).recovery).toMatchObject({ unreadable: 1 })
    device.damage = SOUND
    await device.carry()
    expect((await store.readSummary()).recovery).toMatchObject({ unreadable: 0, isRead: true })
  })

  it.each([
    { clock: 'goes on', byMs: 86_400_000 },
    { clock: 'is set back by a day', byMs: -86_400_000 },
  ])('stands before all that was written since, in the order of its log, while the clock $clock', async ({ byMs }) => {
    const { device, left, store } = await replace(SOUND)
    device.bench.nowMs += byMs
    await store.write(freshId(1), [note.put('a', { text: 'the newest' })])
    await store.write(freshId(2), [note.insert('later')])
    // By two tabs, one of which stood still in the old database and comes when the other is done.
    await device.carry()
    await device.carry()
    const sent = (await sendable(store)).map(({ mutationId }) => mutationId)
    expect(sent).toEqual([left.accepted, left.unsent, freshId(1), freshId(2)])
    expect(await store.get('notes', 'a')).toEqual({ id: 'a', text: 'the newest' })
  })

  it('comes late, after newer writes were accepted: it undoes none of them, and travels as late', async () => {
    const { device, left, store } = await replace(SOUND)
    device.bench.feed.put('notes', { id: 'a', text: 'by the partner' })
    for (const page of device.bench.feed.snapshot()) await device.bench.commit(store, page)
    device.bench.nowMs -= 86_400_000
    await store.write(freshId(1), [note.patch('a', { text: 'the newest' })])
    await device.bench.exchange(store)
    await device.carry()
    expect(await store.get('notes', 'a')).toMatchObject({ text: 'the newest' })
    const sent = await sendable(store)
    expect(sent.find(({ mutationId }) => mutationId === left.unsent)).toMatchObject({ late: true })
  })
})

describe('restoring salvage', () => {
  it('is the same whenever the worker dies in it, and however often it is asked for', async () => {
    let deaths = 0
    for (let request = 0; ; request += 1) {
      const { device } = await replace(SOUND)
      await device.carry()
      const life = new Life(request)
      const { carried, hasDied } = await restoreAndDie(device, life)
      if (hasDied) deaths += 1
      const store = await device.bench.open()
      expect(await store.restoreSalvage(freshId(7), 'all')).toBe(2)
      expect(await store.restoreSalvage(freshId(7), 'all')).toBe(2)
      expect(carried === null || carried === 2).toBe(true)
      expect(await store.listSalvage()).toEqual([])
      expect((await sendable(store)).filter(({ mutationId }) => mutationId === freshId(7))).toHaveLength(1)
      if (!hasDied) break
    }
    expect(deaths).toBeGreaterThan(5)
  })

  it('by two tabs at once: each record once', async () => {
    const { device, store } = await replace(SOUND)
    await device.carry()
    const other = await device.bench.open()
    const counts = await Promise.all([store.restoreSalvage(freshId(1), 'all'), other.restoreSalvage(freshId(2), 'all')])
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 2])
    expect(await store.listSalvage()).toEqual([])
  })
})

/** A tab that opens the store, restores all, and dies at a request of it. */
async function restoreAndDie(
  device: Device,
  life: Life,
): Promise<{ readonly carried: number | null; readonly hasDied: boolean }> {
  let isArmed = false
  const armed = new Proxy(life, {
    get: (target, name) => {
      if (name === 'live') return () => (isArmed ? target.live() : undefined)
      return Reflect.get(target, name) as unknown
    },
  })
  const store = await createMemoryStore(
    { account: 'ann@example.org', space: 'team', schema: SCHEMA, onNotice: nothing },
    device.context,
    { ...mortal(device.fresh, armed), copy: () => device.fresh.copy() },
    { age: 2 },
  )
  isArmed = true
  try {
    return { carried: await store.restoreSalvage(freshId(7), 'all'), hasDied: false }
  } catch (error) {
    if (!life.isOver) throw error
    return { carried: null, hasDied: true }
  }
}
