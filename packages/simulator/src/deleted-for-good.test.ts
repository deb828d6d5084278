import { collection, defineSchema, schemaToShape, type Schema } from 'web-sync-protocol'
import { anyBytes, createPartner, type MemoryStorage, memoryStorage, type Partner } from 'web-sync-server/browser'
import { expect, test } from 'vitest'
import { createFetchTransport, createMemoryStore, type LocalOp, runSync, type Store } from 'web-sync/testing'

const schema: Schema = defineSchema({ app: 'simulator', version: 1, collections: { notes: collection(null) } })
const DAY_MS = 86_400_000
const hexId = (): string => crypto.randomUUID().replaceAll('-', '')

/** A partner and devices on one clock; retention runs whenever time passes. */
class Scene {
  nowMs = 1_800_000_000_000
  storage: MemoryStorage = memoryStorage()
  #partner: Partner = this.#start()
  /** How many of the next answers are lost on their way. */
  lostAnswers = 0

  #start(): Partner {
    return createPartner({
      schema,
      storage: this.storage,
      authenticate: async () => ({ account: 'ann' }),
      authorize: () => 'write',
      clock: { nowMs: () => this.nowMs },
    })
  }

  restore(backup: MemoryStorage): void {
    this.storage = backup
    this.#partner = this.#start()
  }

  async pass(days: number): Promise<void> {
    this.nowMs += days * DAY_MS
    await this.#partner.prune()
  }

  device(): Promise<Store> {
    const environment = { nowMs: () => this.nowMs, randomId: hexId }
    return createMemoryStore(
      { account: 'ann', space: 's', schema: schemaToShape(schema), onNotice: () => undefined },
      environment,
    )
  }

  async sync(store: Store): Promise<void> {
    const clock = { nowMs: () => this.nowMs }
    const fetch = async (url: string | URL, init?: RequestInit): Promise<Response> => {
      const response = await this.#partner.fetch(new Request(url, init))
      if (this.lostAnswers === 0) return response
      this.lostAnswers -= 1
      throw new TypeError('the answer is lost')
    }
    const ports = {
      store,
      transport: createFetchTransport({ endpoint: 'http://partner.test/sync', fetch, clock }),
      clock,
      random: { id: hexId, fraction: () => 0.5 },
      lock: { hold: async <T>(_name: string, _options: unknown, work: () => Promise<T>) => work() },
      lockName: 's',
      auth: null,
    }
    const limit = { changes: 5_000, bytes: 4_000_000, pages: 10 }
    await runSync(ports, { reason: 'retry', host: 'worker', limit })
  }

  /** Ids of the partner's records. */
  async ids(): Promise<string[]> {
    return (await this.storage.read('s', (tx) => tx.listRecords('notes', null, anyBytes(5_000)))).map(({ id }) => id)
  }
}

const write = (store: Store, op: LocalOp): Promise<unknown> => store.write(crypto.randomUUID(), [op])
const insert = (id: string): LocalOp => ({ op: 'insert', collection: 'notes', id, value: { id } })

test.each([40, 100, 500])(
  'a restore loses an insert and its deletion: whoever deleted replays first, and %i days later the insert, whose answer was lost, brings nothing back',
  async (days) => {
    const scene = new Scene()
    const [ann, ben] = [await scene.device(), await scene.device()]
    for (const device of [ann, ben]) await scene.sync(device)
    const backup = scene.storage.copy()
    await write(ann, insert('a'))
    scene.lostAnswers = 1
    await scene.sync(ann)
    await scene.sync(ben)
    await write(ben, { op: 'delete', collection: 'notes', id: 'a' })
    await scene.sync(ben)
    scene.restore(backup)
    await scene.sync(ben)
    await scene.pass(days)
    await scene.pass(days)
    expect((await ann.readSummary()).counts.pending).toBe(1)
    await scene.sync(ann)
    await scene.sync(ben)
    expect(await scene.ids()).toEqual([])
    for (const device of [ann, ben]) {
      expect(await device.count({ collection: 'notes' })).toBe(0)
      expect((await device.readSummary()).counts).toMatchObject({ pending: 0, refused: 0 })
    }
  },
)

test('a device that was away for a year with 1,000 new records delivers all of them', async () => {
  const scene = new Scene()
  const ann = await scene.device()
  await write(ann, insert('early'))
  await scene.sync(ann)
  for (let index = 0; index < 1_000; index += 1) await write(ann, insert(`new-${index}`))
  for (const _ of Array.from({ length: 12 })) await scene.pass(31)
  await scene.sync(ann)
  await scene.sync(ann)
  expect(await scene.ids()).toHaveLength(1_001)
  expect((await ann.readSummary()).counts).toMatchObject({ pending: 0, refused: 0 })
  expect(await ann.count({ collection: 'notes' })).toBe(1_001)
})
