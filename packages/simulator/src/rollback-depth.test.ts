import { collection, defineSchema, schemaToShape, type Schema } from 'web-sync-protocol'
import { anyBytes, createPartner, type MemoryStorage, memoryStorage, type Partner } from 'web-sync-server/browser'
import { expect, test } from 'vitest'
import {
  createFetchTransport,
  createMemoryDatabase,
  createMemoryStore,
  type MemoryDatabase,
  type RunResult,
  runSync,
  type Store,
} from 'web-sync/testing'

const schema: Schema = defineSchema({ app: 'simulator', version: 1, collections: { notes: collection(null) } })
const clock = { nowMs: () => 1_800_000_000_000 }
const hexId = (): string => crypto.randomUUID().replaceAll('-', '')

function startPartner(storage: MemoryStorage): Partner {
  return createPartner({ schema, storage, authenticate: async () => ({ account: 'ann' }), authorize: () => 'write' })
}

function openStore(database?: MemoryDatabase): Promise<Store> {
  const environment = { nowMs: () => clock.nowMs(), randomId: hexId }
  const options = { account: 'ann', space: 's', schema: schemaToShape(schema), onNotice: () => undefined }
  return createMemoryStore(options, environment, database)
}

function sync(store: Store, partner: () => Partner): Promise<RunResult> {
  return runSync(
    {
      store,
      transport: createFetchTransport({
        endpoint: 'http://partner.test/sync',
        fetch: async (url, init) => partner().fetch(new Request(url, init)),
        clock,
      }),
      clock,
      random: { id: hexId, fraction: () => 0.5 },
      lock: { hold: async (_name, _options, work) => work() },
      lockName: 's',
      auth: null,
    },
    { reason: 'retry', host: 'worker', limit: { changes: 100, bytes: 1_000_000, pages: 10 } },
  )
}

test.each([10, 100, 1_000])(
  'a partner that is restored to its state of %i exchanges ago is a rollback, and every write is back',
  async (exchanges) => {
    let storage = memoryStorage()
    let partner = startPartner(storage)
    const store = await openStore()
    const write = async (index: number): Promise<void> => {
      const id = `note-${index}`
      await store.write(crypto.randomUUID(), [{ op: 'insert', collection: 'notes', id, value: { id, index } }])
      await sync(store, () => partner)
    }
    for (let index = 0; index < 20; index += 1) await write(index)
    const backup = storage.copy()
    for (let index = 20; index < 20 + exchanges; index += 1) await write(index)

    storage = backup
    partner = startPartner(storage)
    const result = await sync(store, () => partner)

    expect(result).toMatchObject({ type: 'ended', isUpToDate: true })
    const { exchanges: log, counts } = await store.inspect()
    expect(log.filter(({ result: line }) => line.startsWith('rollback to '))).toHaveLength(1)
    expect(log.filter(({ result: line }) => line.startsWith('resync'))).toEqual([])
    expect(counts).toMatchObject({ pending: 0, refused: 0, salvage: 0 })
    const kept = await storage.read('s', (tx) => tx.listRecords('notes', null, anyBytes(2_000)))
    expect(kept).toHaveLength(20 + exchanges)
  },
)

test.each([1, 2, 31, 33, 500, 5_000])(
  'a device that is set back by %i exchanges goes on from its checkpoint: it loses nothing and is sent nothing twice',
  async (exchanges) => {
    const storage = memoryStorage()
    const partner = startPartner(storage)
    const database = createMemoryDatabase()
    const store = await openStore(database)
    const write = async (to: Store, id: string): Promise<void> => {
      await to.write(crypto.randomUUID(), [{ op: 'insert', collection: 'notes', id, value: { id } }])
      await sync(to, () => partner)
    }
    for (let index = 0; index < 20; index += 1) await write(store, `early-${index}`)
    const copy = database.copy()
    for (let index = 0; index < exchanges; index += 1) await write(store, `note-${index}`)

    const back = await openStore(copy)
    await write(back, 'after')

    const summary = await back.readSummary()
    expect(summary).toMatchObject({
      isSettled: true,
      isResyncing: false,
      counts: { pending: 0, refused: 0, salvage: 0 },
    })
    expect(await back.count({ collection: 'notes' })).toBe(20 + exchanges + 1)
    const kept = await storage.read('s', (tx) => tx.listRecords('notes', null, anyBytes(10_000)))
    expect(kept).toHaveLength(20 + exchanges + 1)
  },
  120_000,
)
