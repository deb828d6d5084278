import type { WakeReason } from 'web-sync-protocol'
import { createMemoryDatabase, type MemoryDatabase } from 'web-sync/testing'
import { Chance } from './chance.ts'
import { checkSpaceEvents } from './checks/events.ts'
import { watchAnswers } from './checks/answers.ts'
import { type Context, Device, type Owner, type RunLimit, type Surroundings } from './device.ts'
import type { DeviceRows } from './disk.ts'
import { type Backup, type DiskMaker, memoryDisks } from './host-disk.ts'
import { Ledger } from './ledger.ts'
import { Network } from './network.ts'
import type { StagedChange } from './partner-disk.ts'
import { ACCOUNTS, PartnerHost, SHARED } from './partner-host.ts'
import { Scheduler } from './scheduler.ts'
import { Story } from './story.ts'
import type { FaultClass } from './swarm.ts'
import { Time } from './time.ts'

/** A device as it was once. */
export interface DeviceCopy {
  readonly name: string
  readonly rows: MemoryDatabase
  readonly version: 1 | 2
}

/** What a run may take when nothing is wrong. */
export const CALM_LIMIT: RunLimit = { changes: 5_000, pages: 100, maxExchanges: 60 }

/** How often code of the app throws, in worlds where it does. */
const APP_THROWS = 0.05

/** Why an app wakes the engine. */
const REASONS: readonly WakeReason[] = ['start', 'retry', 'timer', 'online', 'nudge', 'write', 'sync-event', 'sign-in']

/** Everything that a simulation consists of: devices, a partner, a bad network, one source of chance. */
export class World {
  readonly classes: readonly FaultClass[]
  readonly chance: Chance
  readonly story: Story
  readonly ledger: Ledger = new Ledger()
  readonly time: Time
  readonly scheduler: Scheduler
  readonly host: PartnerHost
  readonly network: Network
  readonly #makeRows: () => DeviceRows
  devices: Device[] = []
  readonly backups: Backup[] = []
  /** Those of {@link backups} that are what a restore took the place of. */
  readonly oldPrimaries: Set<Backup> = new Set()
  readonly copies: DeviceCopy[] = []
  /** Names of devices that began as a copy of another. */
  readonly clones: Set<string> = new Set()
  /** Records that were written, `space collection/id`. */
  readonly names: string[] = []
  /** True once the partner may have lost keys or history. */
  isHistoryDoubtful = false
  /** What the partner has committed since it was judged last; see checks/seen.ts. */
  readonly committed: StagedChange[] = []
  /** Marks that a firewall stops. */
  poisoned: string | null = null
  ownWrites = 0
  /** True while the app's own code has no bad moments. */
  isAppCalm = false
  #deviceCount = 0

  private constructor(classes: readonly FaultClass[], chance: Chance, host: PartnerHost, parts: WorldParts) {
    this.classes = classes
    this.chance = chance
    this.host = host
    this.story = parts.story
    this.time = parts.time
    this.scheduler = parts.scheduler
    this.#makeRows = parts.makeRows
    const { story, scheduler } = parts
    this.network = new Network({ chance, story, scheduler, host, classes, watch: watchAnswers(this) })
    host.onEvent = checkSpaceEvents(this)
    host.onChanges = (changes) => void this.committed.push(...changes)
    host.onAppCall = (where) => this.#throwAsApp(where)
  }

  /** A world with its first devices. */
  static async begin(
    seed: number,
    classes: readonly FaultClass[],
    deviceCount: number,
    disks: DiskMaker = memoryDisks,
    makeRows: () => DeviceRows = createMemoryDatabase,
  ): Promise<World> {
    const chance = new Chance(seed)
    const story = new Story()
    const time = new Time()
    const scheduler = new Scheduler(chance, story)
    const hasPolicies = classes.includes('policies')
    const host = await PartnerHost.start(chance, story, time, scheduler, { disks, hasPolicies })
    const world = new World(classes, chance, host, { story, time, scheduler, makeRows })
    // The first two share a space; later ones are wherever chance puts them.
    for (let index = 0; index < deviceCount; index += 1) await world.addDevice(chance.pick(ACCOUNTS), index < 2)
    return world
  }

  has(name: FaultClass): boolean {
    return this.classes.includes(name)
  }

  /** Adds a device of an account. */
  async addDevice(account: string, isShared: boolean): Promise<Device> {
    const space = isShared || this.chance.happens(0.7) ? SHARED : `home-${account}`
    const version = this.has('schema') ? this.chance.pick([1, 2] as const) : 2
    return this.openDevice({ name: this.#nextName(account), account, space }, version)
  }

  /** Opens a device, on a copied disk if one is given, and remembers it. */
  async openDevice(owner: Owner, version: 1 | 2, rows?: MemoryDatabase): Promise<Device> {
    const device = await Device.open(owner, version, this.surroundings(), rows)
    this.devices.push(device)
    return device
  }

  /** The owner of a copy of a device. */
  cloneOwner(device: Device): Owner {
    return { ...device.owner, name: this.#nextName(device.owner.account) }
  }

  surroundings(): Surroundings {
    const { chance, story, time, network, scheduler, host } = this
    return {
      chance,
      story,
      time,
      network,
      scheduler,
      host,
      powerCanFail: this.has('power loss'),
      hasWrongClocks: this.has('wrong clock'),
      hasLittleUndo: this.has('little undo'),
      hasPolicies: this.has('policies'),
      onAppCall: () => this.#throwAsApp('getAuth'),
      makeRows: this.#makeRows,
    }
  }

  /** A run with drawn limits, for a drawn reason. */
  async sync(
    device: Device,
    context: Context | undefined = device.contexts.length === 0 ? undefined : this.chance.pick(device.contexts),
  ): Promise<void> {
    const { chance } = this
    // In a race, the last one has died and the next has not opened the store yet, or the device was signed out.
    if (context === undefined) return
    const limit: RunLimit = {
      changes: 1 + chance.integer(chance.happens(0.8) ? 12 : 200),
      pages: chance.pick([1, 2, 10, 100]),
      maxExchanges: chance.happens(0.2) ? 1 : 60,
    }
    await this.run(device, context, chance.pick(REASONS), limit)
  }

  /** A run, told. */
  async run(device: Device, context: Context, reason: WakeReason, limit: RunLimit): Promise<void> {
    const result = await device.sync(context, reason, limit)
    if (result === null) this.story.tell(`${context.process.name} died or stood aside`)
    else if (result.type === 'ended') this.story.tell(`${context.process.name}: run ended, ${result.state.type}`)
  }

  /** The partner has another history now. */
  partnerLostHistory(): void {
    this.isHistoryDoubtful = true
    this.ledger.partnerLostHistory(this.time.nowMs())
  }

  /** The app's own code has a bad moment. */
  #throwAsApp(where: string): void {
    if (!this.has('app throws') || this.isAppCalm || !this.network.isFaulty || !this.chance.happens(APP_THROWS)) return
    this.story.count(`fault: app throws in ${where}`)
    this.story.tell(`the app throws in ${where}`)
    throw new Error(`simulated: the app throws in ${where}`)
  }

  #nextName(account: string): string {
    this.#deviceCount += 1
    return `${account}-${this.#deviceCount}`
  }
}

interface WorldParts {
  readonly story: Story
  readonly time: Time
  readonly scheduler: Scheduler
  readonly makeRows: () => DeviceRows
}
