import { schemaToShape, type WakeReason } from 'web-sync-protocol'
import {
  createFetchTransport,
  createMemoryStore,
  GroupedRows,
  type IdbStoreEnvironment,
  type LocalOp,
  type MemoryDatabase,
  openDelivery,
  PackedReader,
  type RunResult,
  runSync,
  type Store,
  type StoreOptions,
  SyncError,
  type SyncStore,
  toContext,
} from 'web-sync/testing'
import { checkKeyMove } from './checks/key-move.ts'
import type { Chance } from './chance.ts'
import { type DeviceRows, Disk, type DiskWatcher, type SyncRow } from './disk.ts'
import { tellExchange } from './exchange-count.ts'
import type { Network } from './network.ts'
import { ACCOUNT_HEADER, ENDPOINT, type PartnerHost } from './partner-host.ts'
import { Process } from './process.ts'
import type { Scheduler } from './scheduler.ts'
import { schemaOf, type SchemaChoice } from './schema.ts'
import type { Story } from './story.ts'
import type { Time } from './time.ts'

/** What a device shares with the world. */
export interface Surroundings extends SchemaChoice {
  readonly chance: Chance
  readonly story: Story
  readonly time: Time
  readonly network: Network
  readonly scheduler: Scheduler
  readonly host: PartnerHost
  /** True if power can fail in this world: then disks remember what may be lost. */
  readonly powerCanFail: boolean
  /** True if devices have clocks that are years wrong. */
  readonly hasWrongClocks: boolean
  /** True if devices keep so few pre-images that the oldest go all the time. */
  readonly hasLittleUndo: boolean
  /** Called where the app's own code is: throws in its place. */
  readonly onAppCall: () => void
  /** Makes the rows of a new device. */
  readonly makeRows: () => DeviceRows
}

/** Who a device belongs to. */
export interface Owner {
  readonly name: string
  readonly account: string
  readonly space: string
}

/** A tab's worker, or the service worker: a process with the store as it sees it. */
export interface Context {
  readonly process: Process
  readonly store: Store
  readonly version: 1 | 2
}

/** Whoever makes a run. */
type Runnable = Pick<Context, 'process' | 'version'> & { readonly store: SyncStore }

/** Years by which clocks are wrong. */
const WRONG_YEARS: readonly number[] = [-10, 10]
const YEAR_MS = 365 * 86_400_000
/** Room for the pre-images of a few steps. */
const LITTLE_UNDO_BYTES = 2_000

/** So small that the few records of a simulated world are many packs, split and merged all the time. */
const SMALL_PACKS = { records: 4, entries: 6, length: 2_000, mergePacks: 2, layers: 4, stepRows: 5 }

/** Bounds of a run. */
export interface RunLimit {
  readonly changes: number
  readonly pages: number
  readonly maxExchanges: number
}

/** One installation: the real store on a simulated disk, and the real engine, in one or more processes. */
export class Device {
  readonly owner: Owner
  readonly disk: Disk
  /** Of those who look on past the store; one look at a time. */
  readonly #onlooker: GroupedRows = new GroupedRows()
  #look: Promise<unknown> = Promise.resolve()
  readonly #world: Surroundings
  /** Its own idea of the time. */
  readonly #clock: Pick<Time, 'nowMs'>
  #contexts: Context[] = []
  #version: 1 | 2
  #processes = 0
  #isLeft = false
  /** Who is signed in in the browser; null: nobody. Not always the owner of the store. */
  signedIn: string | null
  /** True once something happened after which the partner may not have its key any more. */
  isKeyDoubtful = false
  /** True once a mutation was set aside, so that others passed it. */
  hasSetAside = false
  /** Asks that were sent, and resets that were made, ever. */
  asks = 0
  resets = 0

  private constructor(owner: Owner, version: 1 | 2, world: Surroundings, rows: MemoryDatabase | undefined) {
    this.owner = owner
    this.#version = version
    this.#world = world
    this.signedIn = owner.account
    // The name comes from app, address, account and space: a copied or restored device keeps it.
    const years = world.hasWrongClocks ? WRONG_YEARS[(owner.account.length + owner.space.length) % 2] : 0
    this.#clock = { nowMs: () => world.time.nowMs() + (years ?? 0) * YEAR_MS }
    const killed = (): void => world.story.count('sometimes: killed inside a transaction')
    const commit: DiskWatcher['commit'] = (before, after, tx) => checkKeyMove(world, owner, before, after, tx)
    this.disk = new Disk(rows ?? world.makeRows(), { commit, killed }, world.powerCanFail)
  }

  /** A new device, or one on a copied disk. */
  static async open(owner: Owner, version: 1 | 2, world: Surroundings, rows?: MemoryDatabase): Promise<Device> {
    const device = new Device(owner, version, world, rows)
    await device.openContext()
    return device
  }

  get name(): string {
    return this.owner.name
  }

  /** The schema version of the app that is installed. */
  get version(): 1 | 2 {
    return this.#version
  }

  /** Names of the collections that a version of the app has. */
  collectionsOf(version: 1 | 2): readonly string[] {
    return Object.keys(schemaOf(version, this.#world).collections)
  }

  /** The processes that run, oldest first; there is at least one. */
  get contexts(): readonly Context[] {
    return this.#contexts
  }

  /** Where the app looks. */
  get store(): Store {
    return (this.#contexts.at(-1) as Context).store
  }

  /** Reads what is on the disk as the store would, past all ports: nobody notices. */
  look<T>(work: (tx: PackedReader, sync: SyncRow | undefined) => Promise<T>): Promise<T> {
    const looking = this.#look.then(() =>
      this.disk.rows.read(async (raw) => {
        const tx = new PackedReader(await this.#onlooker.begin(raw))
        return work(tx, (await raw.get('meta', 'sync')) as SyncRow | undefined)
      }),
    )
    this.#look = looking.catch(() => undefined)
    return looking
  }

  /** Another tab, or the service worker wakes up. */
  async openContext(): Promise<Context> {
    const process = this.startProcess()
    const store = await createMemoryStore(this.#options, this.#environment, this.disk.openFor(process))
    const context: Context = { process, store, version: this.#version }
    this.#contexts.push(context)
    return context
  }

  get #options(): StoreOptions {
    const { account, space } = this.owner
    return { account, space, schema: schemaToShape(schemaOf(this.#version, this.#world)), onNotice: () => undefined }
  }

  get #environment(): IdbStoreEnvironment {
    const { chance, hasLittleUndo } = this.#world
    return {
      nowMs: this.#clock.nowMs,
      randomId: () => chance.hex(32),
      packSizes: SMALL_PACKS,
      undoMaxBytes: hasLittleUndo ? LITTLE_UNDO_BYTES : undefined,
    }
  }

  /** A process is gone; another one starts on the disk as it is, if it was the last. */
  async bury(context: Context): Promise<void> {
    context.process.kill()
    this.#contexts = this.#contexts.filter((other) => other !== context)
    if (this.#contexts.length === 0 && !this.#isLeft) await this.openContext()
  }

  /** All that runs here dies, and nothing starts here any more: another device takes this one's place. */
  leave(): void {
    this.#isLeft = true
    for (const { process } of this.#contexts.splice(0)) process.kill()
  }

  /** A process that is no tab: a service worker, or whoever signs out. */
  startProcess(): Process {
    this.#processes += 1
    return new Process(`${this.name}/${this.#processes}`, this.#world.scheduler)
  }

  /** The service worker opens the store by its own door, delivers what it can, and ends; or dies at the port after so many (null: it does not). */
  async wakeServiceWorker(limit: RunLimit, diesAfter: number | null): Promise<void> {
    const process = this.startProcess()
    process.killAfter(diesAfter)
    const run = this.#deliver(process, limit).catch((error: unknown) => {
      if (!(error instanceof SyncError && error.code === 'closed')) this.#explain({ version: 1 }, error)
    })
    await Promise.race([run, process.death])
  }

  async #deliver(process: Process, limit: RunLimit): Promise<void> {
    const database = { ...this.disk.openFor(process), close: async () => undefined }
    const store = await openDelivery(database, toContext(this.#options, this.#environment), 1, () => undefined)
    await this.#run({ process, store, version: this.#version }, 'sync-event', limit)
  }

  /** The new version of the app is there; tabs of the old one stay open. */
  async update(): Promise<void> {
    this.#version = 2
    await this.openContext()
  }

  /** A write of the user; the code of the refusal, null if the device promised to keep it, `died` if it could not say. */
  async write(context: Context, mutationId: string, ops: readonly LocalOp[]): Promise<string | null> {
    const writing = context.store.write(mutationId, ops).then(
      () => null,
      (error: unknown) => {
        if (error instanceof SyncError) return error.code
        this.#world.story.fail('S24', `${this.name}: a write failed without a code: ${String(error)}`)
        return 'internal'
      },
    )
    return Promise.race([writing, context.process.death.then(() => 'died')])
  }

  /** One run of the engine, without the protection of a lock: several of them may race. Null: its process died. */
  async sync(context: Context, reason: WakeReason, limit: RunLimit): Promise<RunResult | null> {
    const { process } = context
    const run = this.#runAndTidy(context, reason, limit).catch((error: unknown) => this.#explain(context, error))
    const result = await Promise.race([run, process.death.then(() => null)])
    if (process.isDead) await this.bury(context)
    return result
  }

  async #runAndTidy(context: Context, reason: WakeReason, limit: RunLimit): Promise<RunResult> {
    const result = await this.#run(context, reason, limit)
    let hasMore = true
    while (hasMore) hasMore = await context.store.tidy()
    const { counts } = await context.store.readSummary()
    if (counts.setAside > 0) this.hasSetAside = true
    return result
  }

  /** A run rejects only where the store cannot be used by this code any more. */
  #explain(context: Pick<Context, 'version'>, error: unknown): null {
    const { story } = this.#world
    const isOld = context.version < this.#version
    if (error instanceof SyncError && error.code === 'newer-schema' && isOld) {
      story.count('sometimes: old code stands aside')
    } else if (!(error instanceof SyncError && (error.code === 'storage-failed' || error.code === 'quota-exceeded'))) {
      story.fail('S24', `${this.name}: a run failed: ${String(error)}`)
    }
    return null
  }

  #run(context: Runnable, reason: WakeReason, limit: RunLimit): Promise<RunResult> {
    const { chance, story, network } = this.#world
    const { process, store } = context
    return runSync(
      {
        store,
        transport: createFetchTransport({
          endpoint: ENDPOINT,
          fetch: async (url, init) => {
            this.asks += 1
            return network.fetch(process, new Request(url, init), init.body as string)
          },
          clock: this.#clock,
        }),
        clock: this.#clock,
        random: { id: () => chance.hex(32), fraction: () => chance.fraction() },
        lock: { hold: async (_name, _options, work) => work() },
        lockName: this.name,
        auth: {
          getHeaders: async () => {
            this.#world.onAppCall()
            return this.signedIn === null ? null : { [ACCOUNT_HEADER]: this.signedIn }
          },
        },
      },
      {
        reason,
        host: process.name.endsWith('/1') ? 'worker' : 'service-worker',
        limit: { changes: limit.changes, bytes: 100_000, pages: limit.pages },
        maxExchanges: limit.maxExchanges,
        onEvent: (event) => {
          if (event.type === 'exchange') tellExchange(story, this, event.entry)
          if (event.type === 'fault') this.#tellFault(context, event.error)
          if (event.type === 'report') this.#report(event.code)
        },
      },
    )
  }

  #report(code: 'digest-mismatch' | 'degraded' | 'partner-replaced'): void {
    const { story } = this.#world
    story.count(`report ${code}`)
    story.tell(`${this.name}: reports ${code}`)
    if (code === 'digest-mismatch') story.fail('S11', `${this.name}: a page led to other records than the partner has`)
  }

  #tellFault(context: Runnable, error: unknown): void {
    const { story } = this.#world
    const isExpected =
      error instanceof SyncError &&
      (error.code === 'quota-exceeded' ||
        error.code === 'storage-failed' ||
        (error.code === 'newer-schema' && context.version < this.#version))
    if (isExpected) story.count(`fault of the store: ${error.code}`)
    else story.fail('S24', `${this.name}: the store failed: ${String(error)}`)
  }
}
