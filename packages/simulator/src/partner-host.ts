import { createPartner, memoryStorage, type MemoryStorage, type Partner } from 'sync-server/browser'
import type { JsonObject } from 'sync-protocol'
import type { Chance } from './chance.ts'
import { COLLECTIONS, schema } from './schema.ts'
import type { Story } from './story.ts'
import type { Time } from './time.ts'

/** Where the simulated partner answers. */
export const ENDPOINT = 'https://partner.example/sync'

/** The header that says who asks; the simulated sign-in. */
export const ACCOUNT_HEADER = 'x-account'

/** Who writes. */
export const ACCOUNTS = ['ada', 'ben'] as const

/** The space that everybody writes in. */
export const SPACE = 'space'

/** The partner with its «disk»: it can be backed up, restored and wiped. */
export class PartnerHost {
  readonly #chance: Chance
  readonly #story: Story
  readonly #time: Time
  #disk: MemoryStorage = memoryStorage()
  #partner: Partner

  constructor(chance: Chance, story: Story, time: Time) {
    this.#chance = chance
    this.#story = story
    this.#time = time
    this.#partner = this.#start()
  }

  get partner(): Partner {
    return this.#partner
  }

  /** Answers a request with whatever partner runs at that moment. */
  async fetch(request: Request): Promise<Response> {
    return this.#partner.fetch(request)
  }

  /** All live records of a space. */
  async listRecords(space: string): Promise<{ collection: string; id: string; value: JsonObject }[]> {
    return this.#disk.read(space, async (tx) => {
      const records: { collection: string; id: string; value: JsonObject }[] = []
      for (const collection of COLLECTIONS) {
        const rows = await tx.listRecords(collection, null, 1_000_000)
        for (const row of rows) records.push({ collection, id: row.id, value: JSON.parse(row.value) as JsonObject })
      }
      return records
    })
  }

  /** True if the partner has an outcome of this mutation now. */
  async knows(account: string, mutationId: string): Promise<boolean> {
    return this.#disk.read(SPACE, async (tx) => (await tx.getOutcome(account, mutationId)) !== null)
  }

  /** True if the mutation has taken effect in the history that the partner has now. */
  async isAccepted(accounts: readonly string[], mutationId: string): Promise<boolean> {
    return this.#disk.read(SPACE, async (tx) => {
      for (const account of accounts) {
        const row = await tx.getOutcome(account, mutationId)
        if (row !== null && (JSON.parse(row.outcome) as { type: string }).type === 'accepted') return true
      }
      return false
    })
  }

  /** A copy of everything, as a backup makes it. */
  backUp(): MemoryStorage {
    return this.#disk.copy()
  }

  /** The backup takes the place of what is there; the backup itself can be used again. */
  restore(backup: MemoryStorage): void {
    this.#disk = backup.copy()
    this.#partner = this.#start()
  }

  /** Nothing is left. */
  wipe(): void {
    this.#disk = memoryStorage()
    this.#partner = this.#start()
  }

  #start(): Partner {
    const chance = this.#chance
    return createPartner({
      schema,
      storage: this.#disk,
      authenticate: async (request) => {
        const account = request.headers.get(ACCOUNT_HEADER)
        return account === null ? null : { account }
      },
      authorize: () => 'write',
      allow: ({ op }) =>
        op.op !== 'delete' && op.value['topic'] === 'forbidden' ? { message: 'this topic is not allowed' } : true,
      clock: this.#time,
      random: { id: () => chance.hex(32), bits: () => chance.hex(16) },
      // Chance and order must not depend on a thread pool, as the platform's SHA-256 would; contents here are short.
      hash: async (text) => text,
      onEvent: (event) => {
        if (event.type === 'exchange') {
          this.#story.count(`case ${event.case ?? 'none'}`)
          if (event.problem !== null) this.#story.count(`problem ${event.problem}`)
          if (event.mutations.duplicate > 0) this.#story.count('duplicate answered', event.mutations.duplicate)
        }
        if (event.type === 'error') this.#story.fail(`the partner failed in ${event.where}: ${String(event.error)}`)
        if (event.type === 'digest-mismatch') this.#story.fail('a device found a wrong digest')
      },
    })
  }
}
