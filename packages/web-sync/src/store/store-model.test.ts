import 'fake-indexeddb/auto'
import * as fc from 'fast-check'
import { type JsonObject, type JsonValue, type View, rebaseRecord } from 'web-sync-protocol'
import { describe, expect, it } from 'vitest'
import type { Condition, LocalOp, Query, Store } from '../contract/index.ts'
import { naiveQuery } from '../naive-query.fixture.ts'
import { Bench, Feed, type StoreDevice, note, notesOf, sendable } from '../testing/store-suite/index.ts'
import { check, checkEqual } from '../testing/store-suite/check.ts'
import { createMemoryStore } from './create-memory-store.ts'
import { createMemoryDatabase } from './memory/memory-database.ts'
import { openIdbStore } from './open-idb-store.ts'

const IDS = ['a', 'b', 'c', 'd', 'e', 'f']
const SCALARS = [null, false, true, 0, 1, 2.5, '', 'a', 'ab', 'b', 'ba'] as const

const anyId = fc.constantFrom(...IDS)
const anyScalar = fc.constantFrom(...SCALARS)
const anyFields = fc.record(
  { text: fc.oneof(anyScalar, fc.constant<JsonValue>({ deep: 1 })), rank: anyScalar, more: anyScalar },
  { requiredKeys: [] },
)
const anyOp: fc.Arbitrary<LocalOp> = fc.oneof(
  fc.tuple(anyId, anyFields).map(([id, fields]) => note.insert(id, fields)),
  fc.tuple(anyId, anyFields).map(([id, fields]) => note.put(id, fields)),
  fc.tuple(anyId, anyFields).map(([id, fields]) => note.patch(id, fields)),
  anyId.map((id) => note.delete(id)),
)
const anyBounds = fc.record(
  {
    gt: anyScalar,
    gte: anyScalar,
    lt: anyScalar,
    lte: anyScalar,
    in: fc.array(anyScalar, { maxLength: 3 }),
    prefix: fc.constantFrom('', 'a', 'b'),
  },
  { requiredKeys: [] },
)
const anyCondition: fc.Arbitrary<Condition> = fc.oneof(anyScalar, anyBounds)
const anyQuery: fc.Arbitrary<Omit<Query, 'collection'>> = fc.record(
  {
    index: fc.constantFrom('byText', 'byRank'),
    direction: fc.constantFrom('asc', 'desc'),
    where: fc.record({ text: anyCondition, rank: anyCondition, more: anyCondition }, { requiredKeys: [] }),
    limit: fc.nat(4),
  },
  { requiredKeys: [] },
)

type Event =
  | { readonly type: 'write'; readonly ops: readonly LocalOp[] }
  | { readonly type: 'colleague'; readonly id: string; readonly fields: JsonObject | null }
  | { readonly type: 'exchange' | 'lostReply' | 'unreadPage' | 'reopen' | 'tidy' }
  | { readonly type: 'refuse' | 'setAside' | 'restore' | 'resync'; readonly pick: number }

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('write' as const), ops: fc.array(anyOp, { minLength: 1, maxLength: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('colleague' as const), id: anyId, fields: fc.option(anyFields) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'exchange' as const,
        'exchange' as const,
        'lostReply' as const,
        'unreadPage' as const,
        'reopen' as const,
        'tidy' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'refuse' as const,
        'setAside' as const,
        'restore' as const,
        'restore' as const,
        'resync' as const,
      ),
      pick: fc.nat(50),
    }),
  },
)

/** A device with its partner, and what the store must look like after each event. */
class World {
  readonly bench: Bench
  readonly written: string[] = []
  store!: Store
  madeAtMs = 0
  partner: Feed
  /** Backups of the partner by the tag of the key it had issued last. */
  readonly backups = new Map<string, Feed>()
  base: readonly JsonObject[] = []
  baseDigest: ReturnType<Feed['digest']> = {}
  readonly reached = new Set<string>()

  constructor(device: StoreDevice) {
    this.bench = new Bench(device)
    this.partner = this.bench.feed
  }

  async start(): Promise<void> {
    this.partner.put('notes', { id: 'a', text: 'a' }).put('notes', { id: 'b', rank: 1 })
    this.store = await this.bench.open()
    this.madeAtMs = (await this.store.readSummary()).madeAtMs
    for (const page of this.partner.snapshot()) await this.bench.commit(this.store, page)
    this.confirm()
  }

  async apply(event: Event): Promise<void> {
    switch (event.type) {
      case 'write': {
        const id = this.bench.mutationId()
        const isStored = await this.store.write(id, event.ops).then(
          () => true,
          () => false,
        )
        if (isStored) this.written.push(id)
        return
      }
      case 'colleague':
        if (event.fields === null) this.partner.delete('notes', event.id)
        else this.partner.put('notes', { ...event.fields, id: event.id })
        return
      case 'exchange':
        return this.exchange()
      case 'lostReply':
        for (const mutation of await sendable(this.store)) this.partner.accept(mutation)
        return
      case 'unreadPage': {
        const wrong = this.partner.copy().put('notes', { id: 'a', wrong: 1 }).page({ digest: {} })
        checkEqual(
          await this.store.commitPage((await this.store.readState()).fence, wrong),
          'digest-mismatch',
          'a wrong page',
        )
        return
      }
      case 'reopen':
        await this.store.close()
        this.store = await this.bench.open()
        return
      case 'tidy':
        await this.store.tidy()
        return
      case 'refuse': {
        const pending = await sendable(this.store)
        const chosen = pending[event.pick % Math.max(1, pending.length)]
        if (chosen !== undefined) this.partner.refuse(chosen.mutationId)
        await this.receive()
        return
      }
      case 'setAside': {
        const pending = await sendable(this.store)
        const chosen = pending[event.pick % Math.max(1, pending.length)]
        if (chosen !== undefined) await this.store.setAside(chosen.mutationId, 'undeliverable')
        return
      }
      case 'restore':
        return this.restore(event.pick)
      case 'resync':
        return this.resync(event.pick)
    }
  }

  /** The partner goes back to a backup that the device can go back to as well. */
  private async restore(pick: number): Promise<void> {
    const have = await this.store.readHave(128)
    const goal = have[pick % have.length]
    if (goal === undefined) return
    checkEqual(await this.store.rollBack((await this.store.readState()).fence, goal), 'done', 'the rollback')
    this.goTo(this.backups.get(goal.tag)!)
    this.reached.add('rollback')
  }

  /** The partner is one of its backups, or as it is, under a new partnership. */
  private async resync(pick: number): Promise<void> {
    const all = [this.partner, ...this.backups.values()]
    const partner = all[pick % all.length]!.copy()
    checkEqual(
      await this.store.beginResync((await this.store.readState()).fence, 'upload', 'unknown'),
      'done',
      'the resync',
    )
    for (const page of partner.snapshot(2)) await this.bench.commit(this.store, page)
    this.partner = partner
    this.confirm()
    this.reached.add('resync')
  }

  private async exchange(): Promise<void> {
    for (const mutation of await sendable(this.store)) this.partner.accept(mutation)
    await this.receive()
  }

  private async receive(): Promise<void> {
    await this.bench.commit(this.store, this.partner.page())
    this.confirm()
  }

  private goTo(backup: Feed): void {
    this.partner = backup.copy()
    this.base = this.partner.values('notes')
    this.baseDigest = this.partner.digest()
  }

  /** The partner's records are the device's base now. */
  private confirm(): void {
    this.base = this.partner.values('notes')
    this.baseDigest = this.partner.digest()
    this.backups.set(this.partner.key.tag, this.partner.copy())
  }

  /** What the app must see: the base, and pending operations on top, in order. */
  async expected(): Promise<JsonObject[]> {
    const views = new Map<string, View>(this.base.map((value) => [value['id'] as string, value]))
    for (const { ops } of (await this.store.inspect()).outbox) {
      for (const op of ops) views.set(op.id, rebaseRecord(views.get(op.id) ?? null, [op]))
    }
    return [...views.values()]
      .filter((view) => view !== null)
      .toSorted((x, y) => ((x['id'] as string) < (y['id'] as string) ? -1 : 1))
  }

  async check(): Promise<void> {
    checkEqual(await notesOf(this.store), await this.expected(), 'base plus pending writes')
    checkEqual((await this.store.readState()).digest, this.baseDigest, 'the digest')
    const { madeAtMs, counts } = await this.store.readSummary()
    checkEqual([madeAtMs, counts.written], [this.madeAtMs, this.written.length], 'writes ever given to one database')
    for (const id of this.written) check((await this.store.readStage(id)) !== 'unknown', 'each write is known')
    const orders = (await this.store.inspect()).outbox.map((write) => write.order)
    checkEqual(
      orders,
      orders.toSorted((x, y) => x - y),
      'the order of the outbox',
    )
  }
}

function fieldsOf({ index }: Omit<Query, 'collection'>): readonly string[] {
  if (index === undefined) return []
  return index === 'byText' ? ['text'] : ['rank', 'text']
}

let devices = 0

/** A few records are many packs. */
const SMALL = { records: 2, entries: 2, length: 200, mergePacks: 2, layers: 4, stepRows: 5 }

function makeMemoryDevice(): StoreDevice {
  const database = createMemoryDatabase()
  return { open: (options, environment) => createMemoryStore(options, { ...environment, packSizes: SMALL }, database) }
}

function makeIdbDevice(): StoreDevice {
  devices += 1
  const account = `model device ${devices}`
  return { open: (options, environment) => openIdbStore({ ...options, account }, { ...environment, packSizes: SMALL }) }
}

describe.each([
  ['memory', makeMemoryDevice, 300],
  ['IndexedDB', makeIdbDevice, 25],
])('through any sequence of events (%s)', (_name, makeDevice, numRuns) => {
  it(
    'the store is base plus pending writes, every query answers as a naive one, and no write is forgotten',
    { timeout: 120_000 },
    async () => {
      const reached = new Set<string>()
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyEvent, { minLength: 5, maxLength: 30 }),
          fc.array(anyQuery, { minLength: 3, maxLength: 6 }),
          async (events, queries) => {
            const world = new World(makeDevice())
            await world.start()
            for (const event of events) {
              await world.apply(event)
              await world.check()
              const all = await world.expected()
              for (const query of queries) {
                const found = await world.store.query({ collection: 'notes', ...query })
                expect(found.records).toEqual(naiveQuery(all, { collection: 'notes', ...query }, fieldsOf(query)))
                expect(await world.store.count({ collection: 'notes', ...query })).toBe(found.records.length)
              }
            }
            for (const name of world.reached) reached.add(name)
          },
        ),
        { numRuns },
      )
      expect([...reached].toSorted()).toEqual(['resync', 'rollback'])
    },
  )
})
