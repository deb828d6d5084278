import { type JsonObject, type Schema, schemaToShape } from 'web-sync-protocol'
import { createPartner } from '../../web-sync-server/src/partner.ts'
import type { Partner, PartnerOptions } from '../../web-sync-server/src/partner-types.ts'
import { type MemoryStorage, memoryStorage } from '../../web-sync-server/src/storage/memory-storage.ts'
import type { LocalOp, Store } from './contract/index.ts'
import { runSync } from './engine/index.ts'
import { createLocalLock, systemRandom } from './platform/index.ts'
import { createMemoryStore } from './store/create-memory-store.ts'
import { createMemoryDatabase } from './store/memory/memory-database.ts'
import { createFetchTransport } from './transport/index.ts'

const clock = { nowMs: () => 1_700_000_000_000 }

/** A space with the real partner, which can be restored, and members who each have a device with the real store and engine. */
export class Team {
  readonly #schema: Schema
  readonly #options: Partial<PartnerOptions>
  #storage: MemoryStorage = memoryStorage()
  #partner: Partner

  constructor(schema: Schema, options: Partial<PartnerOptions> = {}) {
    this.#schema = schema
    this.#options = options
    this.#partner = this.#start()
  }

  backUp(): MemoryStorage {
    return this.#storage.copy()
  }

  restore(backup: MemoryStorage): void {
    this.#storage = backup.copy()
    this.#partner = this.#start()
  }

  fetch(url: string, init: RequestInit): Promise<Response> {
    return this.#partner.fetch(new Request(url, init))
  }

  /** The partner's record; null: there is none. */
  async read(collection: string, id: string): Promise<JsonObject | null> {
    return (await this.#partner.read('team', collection, id))?.value ?? null
  }

  /** A member on a device of their own, first sync done. */
  async join(account: string): Promise<Member> {
    const member = new Member(this, account, this.#schema)
    await member.sync()
    return member
  }

  #start(): Partner {
    return createPartner({
      schema: this.#schema,
      storage: this.#storage,
      authenticate: (request) => ({ account: request.headers.get('x-account') ?? '' }),
      authorize: () => 'write',
      ...this.#options,
    })
  }
}

/** Somebody with a device. Nothing is sent before `sync`. */
export class Member {
  readonly #team: Team
  readonly #account: string
  readonly #schema: Schema
  readonly #database = createMemoryDatabase()

  constructor(team: Team, account: string, schema: Schema) {
    this.#team = team
    this.#account = account
    this.#schema = schema
  }

  /** The store as a page that was just loaded opens it. */
  open(): Promise<Store> {
    const options = { account: this.#account, space: 'team', schema: schemaToShape(this.#schema) }
    const parts = { nowMs: () => clock.nowMs(), randomId: () => systemRandom.id() }
    return createMemoryStore({ ...options, onNotice: () => undefined }, parts, this.#database)
  }

  /** Writes one mutation; its id. */
  async write(...ops: readonly LocalOp[]): Promise<string> {
    const mutationId: string = crypto.randomUUID()
    await (await this.open()).write(mutationId, ops)
    return mutationId
  }

  /** Runs until up to date; rejects if that does not happen. */
  async sync(): Promise<void> {
    const store = await this.open()
    const fetch = (url: string, init: RequestInit): Promise<Response> => this.#team.fetch(url, init)
    const ports = {
      store,
      transport: createFetchTransport({ endpoint: 'http://partner.test/sync', fetch, clock }),
      clock,
      random: systemRandom,
      lock: createLocalLock(),
      lockName: this.#account,
      auth: { getHeaders: async () => ({ 'x-account': this.#account }) },
    }
    const limit = { changes: 500, bytes: 1_000_000, pages: 100 }
    const result = await runSync(ports, { reason: 'retry', host: 'worker', limit })
    const isIdle = result.type === 'ended' && result.state.type === 'idle'
    if (!isIdle) throw new Error(`the run did not end idle: ${JSON.stringify(result)}`)
  }

  /** Codes of what was refused, oldest first. */
  async refusals(): Promise<readonly string[]> {
    return (await (await this.open()).listRefused()).map(({ code }) => code)
  }
}
