import 'fake-indexeddb/auto'
import { collection, defineSchema, type Page, schemaToShape } from 'web-sync-protocol'
import { onTestFinished } from 'vitest'
import { createPartner } from '../../web-sync-server/src/partner.ts'
import type { Partner } from '../../web-sync-server/src/partner-types.ts'
import { type MemoryStorage, memoryStorage } from '../../web-sync-server/src/storage/memory-storage.ts'
import type { ExchangeEntry, LocalOp, Store, StoreNotice, StoreOptions } from './contract/index.ts'
import { createMemoryStore } from './store/create-memory-store.ts'
import { createMemoryDatabase, type MemoryDatabase } from './store/memory/memory-database.ts'
import { openIdbStore } from './store/open-idb-store.ts'
import { createFetchTransport } from './transport/index.ts'
import { runSync } from './engine/index.ts'

/** Notes without any rule. */
export const schema = defineSchema({ app: 'test', version: 1, collections: { notes: collection(null) } })

const clock = { nowMs: () => 1_700_000_000_000 }
const hex = (): string => crypto.randomUUID().replaceAll('-', '')

/** The real partner; what it answers can be changed on its way down, page by page. */
export class TestPartnerHost {
  #storage: MemoryStorage = memoryStorage()
  #partner: Partner = this.#start()
  readonly cases: (string | null)[] = []
  /** Called when an ask arrives. Default: nothing happens. */
  onAsk: () => Promise<void> = () => Promise.resolve()
  /** What happens to a page on its way; null: the connection breaks before it. Default: nothing. */
  onPage: (page: Page, index: number) => unknown = (page) => page

  get partner(): Partner {
    return this.#partner
  }

  /** What is stored now, for {@link TestPartnerHost.restore}. */
  backUp(): MemoryStorage {
    return this.#storage.copy()
  }

  /** Default: nothing is left. */
  restore(backup: MemoryStorage = memoryStorage()): void {
    this.#storage = backup
    this.#partner = this.#start()
  }

  async fetch(url: string, init: RequestInit): Promise<Response> {
    await this.onAsk()
    const response = await this.#partner.fetch(new Request(url, init))
    const text = await response.text()
    if (response.status !== 200) return new Response(text, response)
    const [head, ...lines] = text.trimEnd().split('\n')
    const pages: string[] = []
    for (const [index, line] of lines.entries()) {
      const page = this.onPage(JSON.parse(line) as Page, index)
      if (page === null) break
      pages.push(JSON.stringify(page))
    }
    return new Response([head, ...pages].map((line) => `${line}\n`).join(''), { headers: response.headers })
  }

  #start(): Partner {
    return createPartner({
      schema,
      storage: this.#storage,
      authenticate: () => ({ account: 'ann' }),
      authorize: () => 'write',
      allow: ({ op }) => op.op === 'delete' || op.value['text'] !== 'forbidden' || { message: 'not allowed' },
      onEvent: (event) => {
        if (event.type === 'exchange') this.cases.push(event.case)
      },
    })
  }
}

/** One installation: the real store and the real engine. */
export interface TestDevice {
  readonly store: Store
  readonly space: string
  /** What the runs did, oldest first. */
  readonly log: ExchangeEntry[]
  readonly notices: StoreNotice[]
  /** In memory only: what the device's disk holds. */
  readonly database: MemoryDatabase | null
  write(...ops: readonly LocalOp[]): Promise<string>
  /** One run as a retry does it; how it ended. */
  sync(pages?: number): Promise<{ readonly type: string; readonly isUpToDate: boolean }>
  /** Everything that can be seen of data and key. */
  dump(): Promise<unknown>
}

let devices = 0

/** Kinds of stores. */
export const STORES = ['memory', 'IndexedDB'] as const

/** Opens a device. */
export async function openDevice(kind: (typeof STORES)[number], host: TestPartnerHost): Promise<TestDevice> {
  devices += 1
  const notices: StoreNotice[] = []
  const log: ExchangeEntry[] = []
  const options: StoreOptions = {
    account: 'ann',
    space: `team ${devices}`,
    schema: schemaToShape(schema),
    onNotice: (notice) => notices.push(notice),
  }
  const environment = { nowMs: clock.nowMs, randomId: hex }
  const database = kind === 'memory' ? createMemoryDatabase() : null
  const store =
    database === null
      ? await openIdbStore(options, environment)
      : await createMemoryStore(options, environment, database)
  onTestFinished(() => store.close())
  return {
    store,
    space: options.space,
    log,
    notices,
    database,
    write: async (...ops) => {
      const mutationId = crypto.randomUUID()
      await store.write(mutationId, ops)
      return mutationId
    },
    sync: (pages = 100) => run(store, host, log, pages),
    dump: async () => {
      const { exchanges: _exchanges, memory: _memory, lastSyncAtMs: _at, ...rest } = await store.inspect()
      const { memory: _same, ...state } = await store.readState()
      const { records } = await store.query({ collection: 'notes' })
      return { ...rest, state, records, refused: await store.listRefused(), salvage: await store.listSalvage() }
    },
  }
}

async function run(
  store: Store,
  host: TestPartnerHost,
  log: ExchangeEntry[],
  pages: number,
): Promise<{ type: string; isUpToDate: boolean }> {
  const result = await runSync(
    {
      store,
      transport: createFetchTransport({
        endpoint: 'http://partner.test/sync',
        fetch: (url, init) => host.fetch(url, init),
        clock,
      }),
      clock,
      random: { id: hex, fraction: () => 0.5 },
      lock: { hold: (_name, _options, work) => work() },
      lockName: 'test',
      auth: null,
    },
    {
      reason: 'retry',
      host: 'worker',
      limit: { changes: 3, bytes: 1_000_000, pages },
      maxExchanges: 40,
      onEvent: (event) => {
        if (event.type === 'exchange') log.push(event.entry)
      },
    },
  )
  if (result.type === 'busy') return { type: 'busy', isUpToDate: false }
  while (await store.tidy()) continue
  return { type: result.state.type, isUpToDate: result.isUpToDate }
}
