import {
  type Access,
  anyBytes,
  createPartner,
  type Partner,
  type PartnerEvent,
  type RecordRow,
  type StorageReader,
} from 'web-sync-server/browser'
import type { JsonObject } from 'web-sync-protocol'
import type { Chance } from './chance.ts'
import type { Backup, DiskMaker, HostDisk } from './host-disk.ts'
import {
  type Cost,
  type Issued,
  PartnerCrash,
  PartnerDisk,
  type PartnerFault,
  type StagedChange,
} from './partner-disk.ts'
import type { Scheduler } from './scheduler.ts'
import { COLLECTIONS, partnerSchema, type SchemaChoice } from './schema.ts'
import type { Story } from './story.ts'
import type { Time } from './time.ts'

/** Where the simulated partner answers. */
export const ENDPOINT = 'https://partner.example/sync'

/** The header that says who asks; the simulated sign-in. */
export const ACCOUNT_HEADER = 'x-account'

/** Who writes. */
export const ACCOUNTS = ['ada', 'ben'] as const

/** The space that everybody writes in. */
export const SHARED = 'space'

/** All spaces: the shared one, and one for each account alone. */
export const SPACES: readonly string[] = [SHARED, ...ACCOUNTS.map((account) => `home-${account}`)]

/** What a partner is started with. */
export interface HostOptions extends SchemaChoice {
  readonly disks: DiskMaker
}

/** A record as the partner has it. */
export interface PartnerView {
  readonly collection: string
  readonly id: string
  readonly version: string
  readonly value: JsonObject
}

/** The partner with its «disk»: it can be backed up, restored and wiped, it can crash, and be a standby. */
export class PartnerHost {
  readonly #chance: Chance
  readonly #story: Story
  readonly #time: Time
  readonly #scheduler: Scheduler
  /** Every checkpoint that was ever issued, in whatever history. */
  readonly issued: Map<string, Issued> = new Map()
  readonly #disks: DiskMaker
  readonly #choice: SchemaChoice
  #real: HostDisk
  #disk: PartnerDisk
  #hasCrashed = false
  #partner: Partner
  /** What an account may do, where it is not what it was in the beginning. */
  readonly #access = new Map<string, Access>()
  /** Called where the app's own code is: throws in its place. Default: nothing happens. */
  onAppCall: (where: 'authenticate' | 'authorize' | 'allow' | 'resolve') => void = () => undefined
  /** Hears of each transaction that changes records. */
  onChanges: (changes: readonly StagedChange[]) => void = () => undefined
  /** Hears what the partner says of itself. */
  onEvent: (event: PartnerEvent) => void = () => undefined

  private constructor(
    chance: Chance,
    story: Story,
    time: Time,
    scheduler: Scheduler,
    { disks, ...choice }: HostOptions,
    real: HostDisk,
  ) {
    this.#chance = chance
    this.#story = story
    this.#time = time
    this.#scheduler = scheduler
    this.#disks = disks
    this.#choice = choice
    this.#real = real
    this.#disk = this.#openDisk()
    this.#partner = this.#start()
  }

  /** Starts a partner on an empty disk. */
  static async start(
    chance: Chance,
    story: Story,
    time: Time,
    scheduler: Scheduler,
    options: HostOptions,
  ): Promise<PartnerHost> {
    return new PartnerHost(chance, story, time, scheduler, options, await options.disks.make())
  }

  get partner(): Partner {
    return this.#partner
  }

  /** Answers a request with whatever partner runs at that moment; rejects if it crashes meanwhile. */
  async fetch(request: Request): Promise<Response> {
    const response = await this.#partner.fetch(request)
    if (!this.#hasCrashed) return response
    this.#hasCrashed = false
    this.restart()
    throw new TypeError('connection reset')
  }

  /** Adds up in `cost` what is done in the storage while `work` runs. */
  async measure<T>(cost: Cost, work: () => Promise<T>): Promise<T> {
    const disk = this.#disk
    disk.cost = cost
    try {
      return await work()
    } finally {
      disk.cost = null
    }
  }

  /** Reads a space as it is stored, past all faults. */
  read<T>(space: string, work: (tx: StorageReader) => Promise<T>): Promise<T> {
    return this.#real.storage.read(space, work)
  }

  /** All live records of a space. */
  async listRecords(space: string): Promise<readonly PartnerView[]> {
    return this.read(space, async (tx) => {
      const records: PartnerView[] = []
      for (const collection of COLLECTIONS) {
        const rows: readonly RecordRow[] = await tx.listRecords(collection, null, anyBytes(1_000_000))
        for (const { id, version, value } of rows) {
          records.push({ collection, id, version, value: JSON.parse(value) as JsonObject })
        }
      }
      return records
    })
  }

  /** The outcome of this mutation in the history that the partner has now; null: it knows none. */
  async outcomeOf(space: string, account: string, mutationId: string): Promise<string | null> {
    return this.read(space, async (tx) => {
      const row = await tx.getOutcome(account, mutationId)
      return row === null ? null : (JSON.parse(row.outcome) as { readonly type: string }).type
    })
  }

  /** A copy of everything, as a backup makes it. */
  backUp(): Promise<Backup> {
    return this.#real.backUp()
  }

  /** What is there now is known to survive. */
  async markDurable(): Promise<void> {
    await this.#real.storage.markDurable(null)
  }

  /** The backup takes the place of what is there; the backup itself can be used again. */
  async restore(backup: Backup): Promise<void> {
    this.#real = await backup.open()
    this.restart()
  }

  /** Nothing is left. */
  async wipe(): Promise<void> {
    this.#real = await this.#disks.make()
    this.restart()
  }

  /** A new process on the same disk. */
  restart(): void {
    const { isPrimary } = this.#disk
    const { statements } = this.#disk
    this.#disk = this.#openDisk()
    this.#disk.statements = statements
    this.#disk.isPrimary = isPrimary
    this.#partner = this.#start()
  }

  /** The next transaction goes wrong. */
  failNext(fault: PartnerFault | null): void {
    this.#disk.failNext(fault)
  }

  /** True if a transaction is going to go wrong. */
  get isFaulty(): boolean {
    return this.#disk.isFaulty
  }

  /** How many statements the transaction had that was to crash. */
  get statementsBeforeCrash(): number {
    return this.#disk.statements.count
  }

  /** This node becomes a standby, or the primary again. */
  setPrimary(isPrimary: boolean): void {
    this.#disk.isPrimary = isPrimary
  }

  /** What an account may do in a space. */
  accessOf(account: string, space: string): Access {
    const given = this.#access.get(`${account} ${space}`)
    if (given !== undefined) return given
    return space === SHARED || space === `home-${account}` ? 'write' : null
  }

  /** Changes it; undefined: as in the beginning. */
  setAccess(account: string, space: string, access: Access | undefined): void {
    if (access === undefined) this.#access.delete(`${account} ${space}`)
    else this.#access.set(`${account} ${space}`, access)
  }

  #openDisk(): PartnerDisk {
    const { issued } = this
    return new PartnerDisk(this.#real.storage, this.#scheduler, {
      issued,
      changed: (changes) => this.onChanges(changes),
    })
  }

  #start(): Partner {
    const chance = this.#chance
    return createPartner({
      schema: partnerSchema(this.#choice, () => this.onAppCall('resolve')),
      storage: this.#disk.storage,
      authenticate: async (request) => {
        this.onAppCall('authenticate')
        const account = request.headers.get(ACCOUNT_HEADER)
        return account === null ? null : { account }
      },
      authorize: async ({ account, space }) => {
        await this.#scheduler.turn()
        this.onAppCall('authorize')
        return this.accessOf(account, space)
      },
      allow: ({ op }) => {
        this.onAppCall('allow')
        const isForbidden = op.op !== 'delete' && op.value['topic'] === 'forbidden'
        return isForbidden ? { message: 'this topic is not allowed' } : true
      },
      clock: this.#time,
      random: { id: () => chance.hex(32), bits: () => chance.hex(16) },
      // Chance and order must not depend on a thread pool, as the platform's SHA-256 would; contents here are short.
      hash: async (text) => text,
      onEvent: (event) => this.#hear(event),
    })
  }

  #hear(event: PartnerEvent): void {
    if (event.type === 'error') {
      if (event.error instanceof PartnerCrash) {
        this.#hasCrashed = event.where !== 'reply'
      } else if (!String(event.error).includes('simulated')) {
        this.#story.fail('S24', `the partner failed in ${event.where}: ${String(event.error)}`)
      }
      return
    }
    if (event.type === 'digest-mismatch') this.#story.fail('S11', 'a device found a wrong digest')
    this.onEvent(event)
  }
}
