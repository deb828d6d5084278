import type { JsonObject, Mutation, SchemaShape } from 'web-sync-protocol'
import type { LocalOp, ReceivedPage, Store, StoreNotice, StoreOptions } from '../../contract/index.ts'
import { checkEqual } from './check.ts'
import { Feed } from './feed.ts'

/** Opens stores on one device. The same app, endpoint, account and space lead to the same data. */
export interface StoreDevice {
  open(options: StoreOptions, environment: { nowMs(): number; randomId(): string }): Promise<Store>
}

/** Makes a new, empty device for each test. */
export type MakeDevice = () => StoreDevice

/** What a test works with: one device, one feed, a clock that is moved by hand. */
export class Bench {
  readonly feed: Feed = new Feed()
  readonly notices: StoreNotice[] = []
  nowMs: number = 1_000_000
  readonly #device: StoreDevice
  #drawn = 0
  #written = 0

  constructor(device: StoreDevice) {
    this.#device = device
  }

  open(options: Partial<StoreOptions> = {}): Promise<Store> {
    return this.#device.open(
      {
        account: 'ann@example.org',
        space: 'team',
        schema: SCHEMA,
        onNotice: (notice) => this.notices.push(notice),
        ...options,
      },
      { nowMs: () => this.nowMs, randomId: () => this.randomId() },
    )
  }

  /** A store that has the feed's snapshot. */
  async openSynced(...values: readonly JsonObject[]): Promise<Store> {
    const store = await this.open()
    for (const value of values) this.feed.put('notes', value)
    for (const page of this.feed.snapshot()) await this.commit(store, page)
    return store
  }

  randomId(): string {
    this.#drawn += 1
    return this.#drawn.toString(16).padStart(32, 'a')
  }

  /** The next mutation id, a UUID. */
  mutationId(): string {
    this.#written += 1
    return `00000000-0000-4000-8000-${this.#written.toString(16).padStart(12, '0')}`
  }

  /** Writes one mutation; returns its id. */
  async write(store: Store, ...ops: readonly LocalOp[]): Promise<string> {
    const mutationId = this.mutationId()
    await store.write(mutationId, ops)
    return mutationId
  }

  /** Commits a page with the present fence; it must be applied. */
  async commit(store: Store, received: ReceivedPage): Promise<void> {
    const { fence } = await store.readState()
    checkEqual(await store.commitPage(fence, received), 'applied', 'the page')
  }

  /** Sends all that can be sent, and applies the answer. */
  async exchange(store: Store, parts: Parameters<Feed['page']>[0] = {}): Promise<void> {
    for (const mutation of await sendable(store)) this.feed.accept(mutation)
    await this.commit(store, this.feed.page(parts))
  }
}

/** The schema of the suite. */
export const SCHEMA: SchemaShape = {
  app: 'test',
  version: 1,
  collections: [
    { name: 'notes', indexes: { byText: ['text'], byRank: ['rank', 'text'] }, putsTravelAsPatch: true },
    { name: 'places', indexes: {}, putsTravelAsPatch: false },
  ],
}

/** All mutations that can be sent. */
export function sendable(store: Store): Promise<Mutation[]> {
  return store.readOutbox({ mutations: 1_000, bytes: 1e9 })
}

/** All notes as the app sees them. */
export async function notesOf(store: Store): Promise<readonly JsonObject[]> {
  return (await store.query({ collection: 'notes' })).records
}

/** Short forms of operations on notes. */
export const note = {
  insert: (id: string, fields: JsonObject = {}): LocalOp => ({
    op: 'insert',
    collection: 'notes',
    id,
    value: { id, ...fields },
  }),
  put: (id: string, fields: JsonObject = {}): LocalOp => ({
    op: 'put',
    collection: 'notes',
    id,
    value: { id, ...fields },
  }),
  patch: (id: string, fields: JsonObject): LocalOp => ({ op: 'patch', collection: 'notes', id, value: fields }),
  delete: (id: string): LocalOp => ({ op: 'delete', collection: 'notes', id }),
}

/** A promise in words, and what proves it. */
export interface StoreTest {
  readonly name: string
  readonly run: (bench: Bench) => Promise<void>
}
