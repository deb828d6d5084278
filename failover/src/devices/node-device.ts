import { type ReplyLimit, schemaToShape } from 'web-sync-protocol'
import { createFetchTransport, createMemoryStore, runSync, type Store } from 'web-sync/testing'
import { schema } from '../../../e2e/app/schema.ts'
import { ACCOUNT_HEADER } from '../partner-server.ts'
import { type Device, type Promised, type ShownRecord, unacceptedOf } from './device.ts'

/** Who a device belongs to, and where its partner is. */
export interface NodeOwner {
  readonly name: string
  readonly account: string
  readonly space: string
  readonly origin: string
}

/** Small pages, so that a run has places to break. */
const LIMIT: ReplyLimit = { changes: 50, bytes: 1_000_000, pages: 10 }
/** Milliseconds that an answer may take while a database dies. */
const DEADLINE_MS = 3_000
const MAX_EXCHANGES = 60

const clock = { nowMs: () => Date.now() }
const random = { id: () => crypto.randomUUID().replaceAll('-', ''), fraction: () => Math.random() }

/** The product's store logic and engine under Node; one run after the other, as its lock wants it. */
export class NodeDevice implements Device {
  readonly name: string
  readonly #owner: NodeOwner
  readonly #store: Store
  #limit: ReplyLimit = LIMIT
  #maxExchanges = MAX_EXCHANGES
  #isUpToDate = false
  #rollbacks = 0
  #resyncs = 0

  private constructor(owner: NodeOwner, store: Store) {
    this.name = owner.name
    this.#owner = owner
    this.#store = store
  }

  static async open(owner: NodeOwner): Promise<NodeDevice> {
    const { account, space } = owner
    const options = { account, space, schema: schemaToShape(schema), onNotice: () => undefined }
    return new NodeDevice(owner, await createMemoryStore(options, { nowMs: clock.nowMs, randomId: random.id }))
  }

  async insert(recordId: string): Promise<Promised> {
    const mutationId = crypto.randomUUID()
    const value = { id: recordId, text: `note of ${this.name}` }
    await this.#store.write(mutationId, [{ op: 'insert', collection: 'notes', id: recordId, value }])
    return { mutationId, device: this.name, recordId, mark: null }
  }

  async mark(recordId: string): Promise<Promised> {
    const mutationId = crypto.randomUUID()
    const mark = crypto.randomUUID()
    const value = { marks: { [mark]: true } }
    await this.#store.write(mutationId, [{ op: 'patch', collection: 'notes', id: recordId, value }])
    return { mutationId, device: this.name, recordId, mark }
  }

  async sync(): Promise<void> {
    const result = await runSync(
      {
        store: this.#store,
        transport: createFetchTransport({
          endpoint: `${this.#owner.origin}/sync`,
          fetch: (url, init) => fetch(url, init),
          clock,
          headersMs: DEADLINE_MS,
          idleMs: DEADLINE_MS,
        }),
        clock,
        random,
        lock: { hold: (_name, _options, work) => work() },
        lockName: this.name,
        auth: { getHeaders: async () => ({ [ACCOUNT_HEADER]: this.#owner.account }) },
      },
      {
        reason: 'retry',
        host: 'worker',
        limit: this.#limit,
        maxExchanges: this.#maxExchanges,
        onEvent: (event) => {
          if (event.type !== 'exchange') return
          if (event.entry.result.startsWith('rollback')) this.#rollbacks += 1
          if (event.entry.result.startsWith('resync')) this.#resyncs += 1
        },
      },
    )
    this.#isUpToDate = result.type === 'ended' && result.isUpToDate
  }

  /** As {@link sync}, but stops after one reply of so many records: in the middle of a first sync. */
  async syncSome(changes: number): Promise<void> {
    this.#limit = { ...LIMIT, changes, pages: 1 }
    this.#maxExchanges = 1
    await this.sync()
    this.#limit = LIMIT
    this.#maxExchanges = MAX_EXCHANGES
  }

  /** True if it is in the middle of a first sync. */
  async isPartial(): Promise<boolean> {
    const { key, isSettled } = await this.#store.readSummary()
    return key !== 0 && !isSettled
  }

  async isUpToDate(): Promise<boolean> {
    const { counts, isSettled, isResyncing } = await this.#store.readSummary()
    return this.#isUpToDate && isSettled && !isResyncing && counts.pending === 0
  }

  async unaccepted(): Promise<ReadonlyMap<string, 'waiting' | 'refused'>> {
    const { outbox } = await this.#store.inspect()
    return unacceptedOf(outbox, await this.#store.listRefused())
  }

  async kept(): Promise<readonly string[]> {
    const { outbox, journal } = await this.#store.inspect()
    return [...outbox, ...journal].map(({ mutationId }) => mutationId)
  }

  async records(): Promise<readonly ShownRecord[]> {
    const shown: ShownRecord[] = []
    for (const collection of Object.keys(schema.collections)) {
      const { records } = await this.#store.query({ collection })
      shown.push(...records.map((value) => ({ collection, value })))
    }
    return shown
  }

  async refused(): Promise<readonly string[]> {
    return (await this.#store.listRefused()).map(({ mutationId }) => mutationId)
  }

  async salvaged(): Promise<readonly ShownRecord[]> {
    return this.#store.listSalvage()
  }

  async resets(): Promise<{ rollbacks: number; resyncs: number }> {
    return { rollbacks: this.#rollbacks, resyncs: this.#resyncs }
  }

  async close(): Promise<void> {
    await this.#store.close()
  }
}
