import { schemaToShape, type WakeReason } from 'sync-protocol'
import {
  createFetchTransport,
  createMemoryDatabase,
  createMemoryStore,
  type LocalOp,
  type MemoryDatabase,
  type RunResult,
  runSync,
  type Store,
  SyncError,
} from 'web-sync/testing'
import type { Chance } from './chance.ts'
import type { Network } from './network.ts'
import { ACCOUNT_HEADER, ENDPOINT, SPACE } from './partner-host.ts'
import { schema } from './schema.ts'
import type { Story } from './story.ts'
import type { Time } from './time.ts'

/** What a device shares with the world. */
export interface Surroundings {
  readonly chance: Chance
  readonly story: Story
  readonly time: Time
  readonly network: Network
}

/** One installation: the real store on a simulated disk, and the real engine. */
export class Device {
  readonly name: string
  readonly account: string
  readonly #world: Surroundings
  readonly #disk: MemoryDatabase
  readonly store: Store

  private constructor(name: string, account: string, world: Surroundings, disk: MemoryDatabase, store: Store) {
    this.name = name
    this.account = account
    this.#world = world
    this.#disk = disk
    this.store = store
  }

  /** A new device, or one on a copied disk. */
  static async open(
    name: string,
    account: string,
    world: Surroundings,
    disk: MemoryDatabase = createMemoryDatabase(),
  ): Promise<Device> {
    const { chance, time } = world
    const store = await createMemoryStore(
      { account, space: SPACE, schema: schemaToShape(schema), onNotice: () => undefined },
      { nowMs: () => time.nowMs(), randomId: () => chance.hex(32) },
      disk,
    )
    return new Device(name, account, world, disk, store)
  }

  /** The disk as it is now: for a clone, or to go back to later. */
  copyDisk(): MemoryDatabase {
    return this.#disk.copy()
  }

  /** A write of the user; the code of the refusal, or null if the device promised to keep it. */
  async write(mutationId: string, ops: readonly LocalOp[]): Promise<string | null> {
    try {
      await this.store.write(mutationId, ops)
      return null
    } catch (error) {
      if (error instanceof SyncError) return error.code
      throw error
    }
  }

  /** One run of the engine, without the protection of a lock: two of them may race. */
  async sync(reason: WakeReason, pages = 10): Promise<RunResult> {
    const { chance, story, time, network } = this.#world
    const result = await runSync(
      {
        store: this.store,
        transport: createFetchTransport({
          endpoint: ENDPOINT,
          fetch: async (url, init) => network.fetch(new Request(url, { ...init, headers: this.#sign(init.headers) })),
          clock: time,
        }),
        clock: time,
        random: { id: () => chance.hex(32), fraction: () => chance.fraction() },
        lock: { hold: async (_name, _options, work) => work() },
        lockName: this.name,
        auth: null,
      },
      {
        reason,
        host: 'worker',
        limit: { changes: 1 + chance.integer(12), bytes: 100_000, pages },
        maxExchanges: 60,
        onEvent: (event) => {
          if (event.type === 'exchange') this.#tellExchange(event.entry)
          if (event.type === 'fault') story.fail(`${this.name}: the store failed: ${String(event.error)}`)
          if (event.type === 'report') story.count(`report ${event.code}`)
        },
      },
    )
    await this.#tidy()
    return result
  }

  #tellExchange(entry: { result: string; from: number; to: number; mutations: number; changes: number }): void {
    const { story } = this.#world
    const { result, from, to, mutations, changes } = entry
    const isCounted = mutations > 0 || changes > 0 || result !== 'ok'
    story.count(isCounted ? 'exchanges' : 'idle exchanges')
    if (result.startsWith('rollback')) story.count('sometimes: rollback')
    if (result.startsWith('resync')) story.count('sometimes: full resync')
    story.tell(`${this.name}: ${from} → ${to}, ${mutations} mutations up, ${changes} changes down: ${result}`)
  }

  #sign(headers: RequestInit['headers']): Headers {
    const signed = new Headers(headers)
    signed.set(ACCOUNT_HEADER, this.account)
    return signed
  }

  async #tidy(): Promise<void> {
    let hasMore = true
    while (hasMore) hasMore = await this.store.tidy()
  }
}
