import { type JsonObject, schemaToShape } from 'web-sync-protocol'
import { describe, expect, it } from 'vitest'
import { schema, TestPartnerHost } from './claims.fixture.ts'
import type { LocalOp, Store } from './contract/index.ts'
import { runSync } from './engine/index.ts'
import { CostCounter, type Costs } from './store/costs.fixture.ts'
import { createMemoryStore } from './store/create-memory-store.ts'
import { createMemoryDatabase } from './store/memory/memory-database.ts'
import { createFetchTransport } from './transport/index.ts'

// What each kind of work costs: database and network, end to end with the real partner, without a clock. A bound is what was measured:
// transactions and asks exactly, requests and rows with a tenth more, bytes with a seventh. Whoever makes something cheaper lowers it. A bound that breaks says that something is done once more, or for each record.

/** What a piece of work costs the network, beside the database. */
interface Work extends Costs {
  readonly asks: number
  readonly bytesUp: number
  readonly bytesDown: number
}

type Budget = readonly [
  transactions: number,
  strict: number,
  requests: number,
  rows: number,
  bytesRead: number,
  bytesWritten: number,
  asks: number,
  bytesUp: number,
  bytesDown: number,
]

const clock = { nowMs: () => 1_800_000_000_000 }
const hex = (): string => crypto.randomUUID().replaceAll('-', '')
const RECORDS = 2_000
const idOf = (index: number): string => `n${String(index).padStart(5, '0')}`
const insert = (id: string, text = 'new'): LocalOp => ({ op: 'insert', collection: 'notes', id, value: { id, text } })

class Scene {
  readonly host = new TestPartnerHost()
  readonly counter = new CostCounter()
  readonly #database = this.counter.wrap(createMemoryDatabase())
  readonly #network = { asks: 0, bytesUp: 0, bytesDown: 0 }
  store!: Store

  /** A device that has 2,000 records of the partner and nothing to do. */
  static async settled(): Promise<Scene> {
    const scene = new Scene()
    await scene.own(Array.from({ length: RECORDS }, (_, index) => ({ id: idOf(index), text: `text ${index}` })))
    await scene.open()
    await scene.run()
    while (await scene.store.tidy());
    return scene
  }

  async open(): Promise<void> {
    this.store = await createMemoryStore(
      { account: 'ann', space: 'team', schema: schemaToShape(schema), onNotice: () => undefined },
      { nowMs: clock.nowMs, randomId: hex },
      this.#database,
    )
  }

  /** The partner's own write. */
  async own(records: readonly JsonObject[]): Promise<void> {
    for (let start = 0; start < records.length; start += 500) {
      await this.host.partner.transact('team', (tx) => {
        for (const record of records.slice(start, start + 500)) tx['notes']?.put(record)
      })
    }
  }

  async write(...ops: readonly LocalOp[]): Promise<void> {
    await this.store.write(crypto.randomUUID(), ops)
  }

  async run(): Promise<void> {
    const transport = createFetchTransport({
      endpoint: 'http://partner.test/sync',
      fetch: async (url, init) => {
        const response = await this.host.fetch(url, init)
        const text = await response.clone().text()
        this.#network.asks += 1
        this.#network.bytesUp += (init.body as string).length
        this.#network.bytesDown += text.length
        return response
      },
      clock,
    })
    const ports = { store: this.store, transport, clock, random: { id: hex, fraction: () => 0.5 }, auth: null }
    const result = await runSync(
      { ...ports, lock: { hold: (_name, _options, work) => work() }, lockName: 'team' },
      { reason: 'retry', host: 'worker', limit: { changes: 1_000, bytes: 1_000_000, pages: 20 } },
    )
    if (result.type !== 'ended' || !result.isUpToDate) throw new Error(`the run ended early: ${JSON.stringify(result)}`)
  }

  /** What the work costs. */
  async measure(work: () => Promise<void>): Promise<Work> {
    this.counter.reset()
    Object.assign(this.#network, { asks: 0, bytesUp: 0, bytesDown: 0 })
    await work()
    return { ...this.counter.costs, ...this.#network }
  }
}

/** Kinds of work on a settled device: what is done before, what is measured. */
const KINDS: Readonly<
  Record<
    string,
    { prepare?: (scene: Scene) => Promise<unknown>; work: (scene: Scene) => Promise<unknown>; budget: Budget }
  >
> = {
  'a write of one record': { work: (scene) => scene.write(insert('a')), budget: [1, 1, 6, 5, 1_150, 1_620, 0, 0, 0] },
  'a patch of one record': {
    work: (scene) => scene.write({ op: 'patch', collection: 'notes', id: idOf(7), value: { text: 'patched' } }),
    budget: [1, 1, 7, 6, 18_900, 1_690, 0, 0, 0],
  },
  'a deletion': {
    work: (scene) => scene.write({ op: 'delete', collection: 'notes', id: idOf(7) }),
    budget: [1, 1, 7, 6, 18_900, 1_630, 0, 0, 0],
  },
  '100 records in one mutation': {
    work: (scene) => scene.write(...Array.from({ length: 100 }, (_, index) => insert(`m${index}`))),
    budget: [1, 1, 6, 5, 1_150, 39_000, 0, 0, 0],
  },
  'a run without news': { work: (scene) => scene.run(), budget: [7, 0, 30, 20, 8_300, 2_280, 1, 560, 490] },
  'a run of one write': {
    prepare: (scene) => scene.write(insert('a')),
    work: (scene) => scene.run(),
    budget: [7, 0, 37, 33, 13_100, 3_900, 1, 740, 890],
  },
  'a run of 100 writes': {
    prepare: (scene) => Promise.all(Array.from({ length: 100 }, (_, index) => scene.write(insert(`w${index}`)))),
    work: (scene) => scene.run(),
    budget: [7, 0, 39, 36, 101_000, 101_000, 1, 27_000, 42_000],
  },
  'a run of a write that is refused': {
    prepare: (scene) => scene.write(insert('a', 'forbidden')),
    work: (scene) => scene.run(),
    budget: [7, 0, 35, 31, 12_800, 3_300, 1, 750, 740],
  },
  'a run that brings one change': {
    prepare: (scene) => scene.own([{ id: idOf(3), text: 'changed' }]),
    work: (scene) => scene.run(),
    budget: [7, 0, 37, 26, 27_000, 3_300, 1, 560, 690],
  },
  'a run that brings 100 changes': {
    prepare: (scene) =>
      scene.own(Array.from({ length: 100 }, (_, index) => ({ id: idOf(index * 20), text: 'changed' }))),
    work: (scene) => scene.run(),
    budget: [7, 0, 51, 53, 298_000, 35_000, 1, 560, 20_900],
  },
  'a rollback of one step, and its replay': {
    prepare: async (scene) => {
      const backup = scene.host.backUp()
      await scene.write(insert('a'))
      await scene.run()
      scene.host.restore(backup)
    },
    work: (scene) => scene.run(),
    budget: [12, 1, 75, 71, 26_000, 8_100, 2, 1_410, 1_300],
  },
  'a full resync of 2,000 records': {
    prepare: async (scene) => {
      scene.host.restore()
      await scene.own(Array.from({ length: RECORDS }, (_, index) => ({ id: idOf(index), text: `text ${index}` })))
    },
    work: (scene) => scene.run(),
    budget: [13, 2, 81, 64, 78_000, 300_000, 2, 900, 411_000],
  },
  'an opening, and the first query': {
    work: async (scene) => {
      await scene.open()
      await scene.store.readSummary()
      await scene.store.query({ collection: 'notes', limit: 100 })
    },
    budget: [3, 1, 14, 11, 21_400, 0, 0, 0, 0],
  },
}

const NAMES = [
  'transactions',
  'strict',
  'requests',
  'rows',
  'bytesRead',
  'bytesWritten',
  'asks',
  'bytesUp',
  'bytesDown',
] as const

describe('what work costs, by kind', () => {
  it.each(Object.entries(KINDS))('%s', async (_name, { prepare, work, budget }) => {
    const scene = await Scene.settled()
    await prepare?.(scene)
    const costs = await scene.measure(async () => void (await work(scene)))
    const beyond = NAMES.filter((name, index) => costs[name] > (budget[index] ?? 0)).map(
      (name) => `${name} ${costs[name]}`,
    )
    expect(beyond, `costs: [${NAMES.map((name) => costs[name]).join(', ')}]`).toEqual([])
  })
})
