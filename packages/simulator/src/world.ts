import type { MemoryStorage } from 'sync-server/browser'
import type { LocalOp, MemoryDatabase } from 'web-sync/testing'
import { Chance } from './chance.ts'
import { Device, type Surroundings } from './device.ts'
import { Ledger } from './ledger.ts'
import { Network } from './network.ts'
import { ACCOUNTS, PartnerHost } from './partner-host.ts'
import { COLLECTIONS } from './schema.ts'
import { Story } from './story.ts'
import { Time } from './time.ts'

/** What happens in a step, as weights. */
export const ACTIONS = {
  write: 40,
  sync: 40,
  'sync twice at once': 4,
  'late request': 4,
  'back up': 6,
  restore: 3,
  wipe: 0.5,
  clone: 1.5,
  'keep a copy': 3,
  'set back': 1.5,
  'time passes': 3,
  prune: 1,
  'own write': 3,
} as const

/** Everything that a simulation consists of: devices, a partner, a bad network, one source of chance. */
export class World {
  readonly chance: Chance
  readonly story: Story = new Story()
  readonly ledger: Ledger = new Ledger()
  readonly time: Time = new Time()
  readonly host: PartnerHost
  readonly network: Network
  readonly devices: Device[] = []
  readonly #backups: MemoryStorage[] = []
  readonly #copies: { readonly device: Device; readonly disk: MemoryDatabase }[] = []
  readonly #ids: string[] = []
  #deviceCount = 0
  #ownWrites = 0

  constructor(seed: number) {
    this.chance = new Chance(seed)
    this.host = new PartnerHost(this.chance, this.story, this.time)
    this.network = new Network(this.chance, this.story, async (request) => this.host.fetch(request))
  }

  /** Opens the first devices. */
  async begin(): Promise<void> {
    const count = 2 + this.chance.integer(3)
    for (let index = 0; index < count; index += 1) await this.#addDevice(this.chance.pick(ACCOUNTS))
  }

  /** One drawn action. */
  async step(): Promise<void> {
    const action = this.chance.weighted(ACTIONS)
    switch (action) {
      case 'write':
        return this.#write(this.chance.pick(this.devices))
      case 'sync':
        return this.#sync(this.chance.pick(this.devices))
      case 'sync twice at once': {
        const device = this.chance.pick(this.devices)
        await Promise.all([this.#sync(device), this.#sync(device)])
        return
      }
      case 'late request':
        return this.network.deliverLate()
      case 'back up':
        this.story.tell('the partner is backed up')
        this.#backups.push(this.host.backUp())
        return
      case 'restore':
        return this.#restore()
      case 'wipe':
        this.story.tell('the partner is wiped')
        this.story.count('fault: partner wiped')
        this.ledger.partnerLostHistory()
        this.host.wipe()
        return
      case 'clone':
        return this.#clone(this.chance.pick(this.devices))
      case 'keep a copy': {
        const device = this.chance.pick(this.devices)
        this.#copies.push({ device, disk: device.copyDisk() })
        return
      }
      case 'set back':
        return this.#setBack()
      case 'time passes':
        this.time.leap(this.chance.integer(3_600_000) * (this.chance.happens(0.1) ? -1 : 1))
        return
      case 'prune':
        await this.host.partner.prune()
        return
      case 'own write':
        return this.#ownWrite()
    }
  }

  /** No more faults; everybody syncs until nothing moves any more. */
  async heal(): Promise<void> {
    this.network.isFaulty = false
    this.story.tell('— from here on nothing goes wrong any more —')
    for (let round = 0; round < 12; round += 1) {
      for (const device of this.devices) {
        this.time.leap(3_600_001)
        await this.#sync(device)
      }
    }
  }

  async #addDevice(account: string, disk?: MemoryDatabase): Promise<Device> {
    this.#deviceCount += 1
    const name = `${account}-${this.#deviceCount}`
    const surroundings: Surroundings = {
      chance: this.chance,
      story: this.story,
      time: this.time,
      network: this.network,
    }
    const device = await Device.open(name, account, surroundings, disk)
    this.devices.push(device)
    return device
  }

  async #sync(device: Device): Promise<void> {
    const result = await device.sync(this.chance.pick(['start', 'retry', 'timer', 'online', 'nudge']))
    if (result.type === 'ended') this.story.tell(`${device.name}: run ended, ${result.state.type}`)
  }

  async #write(device: Device): Promise<void> {
    const mutationId = this.chance.uuid()
    const count = this.chance.happens(0.2) ? 2 + this.chance.integer(4) : 1
    const ops = Array.from({ length: count }, () => this.#drawOp(mutationId))
    const refusal = await device.write(mutationId, ops)
    const what = ops.map((op) => `${op.op} ${op.collection}/${op.id}`).join(', ')
    this.story.tell(`${device.name}: ${mutationId.slice(0, 8)} ${what}: ${refusal ?? 'stored'}`)
    this.story.count(refusal === null ? 'writes' : `write refused locally: ${refusal}`)
    if (refusal !== null) return
    this.ledger.promise({ mutationId, ops })
    for (const op of ops) if (op.op === 'insert') this.#ids.push(`${op.collection}/${op.id}`)
  }

  #drawOp(mutationId: string): LocalOp {
    const kind = this.#ids.length === 0 ? 'insert' : this.chance.weighted({ insert: 4, patch: 6, delete: 1 })
    if (kind === 'insert') {
      const id = this.chance.hex(8)
      const topic = this.chance.happens(0.03) ? 'forbidden' : this.chance.pick(['a', 'b', 'c'])
      return {
        op: 'insert',
        collection: this.chance.pick(COLLECTIONS),
        id,
        value: { id, topic, marks: { [mutationId]: true } },
      }
    }
    const [collection, id] = this.chance.pick(this.#ids).split('/') as [string, string]
    if (kind === 'delete') return { op: 'delete', collection, id }
    return { op: 'patch', collection, id, value: { marks: { [mutationId]: true } } }
  }

  #restore(): void {
    if (this.#backups.length === 0) return
    const index = this.chance.integer(this.#backups.length)
    this.story.tell(`the partner is restored to backup ${index} of ${this.#backups.length}`)
    this.story.count('fault: partner restored')
    this.ledger.partnerLostHistory()
    this.host.restore(this.#backups[index] as MemoryStorage)
  }

  async #clone(device: Device): Promise<void> {
    if (this.devices.length >= 7) return
    const clone = await this.#addDevice(device.account, device.copyDisk())
    this.story.tell(`${device.name} is cloned: ${clone.name}`)
    this.story.count('fault: device cloned')
  }

  /** A device goes back to an older copy of itself. What only it knew is gone; what the partner has, nobody can replay any more. */
  async #setBack(): Promise<void> {
    if (this.#copies.length === 0) return
    const copy = this.chance.pick(this.#copies)
    const index = this.devices.findIndex((device) => device.name === copy.device.name)
    if (index < 0) return
    const device = this.devices[index] as Device
    const lost = await knownWrites(device)
    const refused = new Set((await device.store.listRefused()).map((entry) => entry.mutationId))
    const old = await Device.open(device.name, device.account, this.#surroundings(), copy.disk.copy())
    const kept = new Set((await knownWrites(old)).map((write) => write.mutationId))
    for (const { mutationId } of lost) {
      if (kept.has(mutationId)) continue
      const isApplied = !refused.has(mutationId) && (await this.host.knows(device.account, mutationId))
      if (isApplied) this.ledger.makeFragile(mutationId)
      else this.ledger.forgive(mutationId)
    }
    this.devices[index] = old
    this.story.tell(`${device.name} is set back to an older copy of itself`)
    this.story.count('fault: device set back')
  }

  #surroundings(): Surroundings {
    return { chance: this.chance, story: this.story, time: this.time, network: this.network }
  }

  async #ownWrite(): Promise<void> {
    this.#ownWrites += 1
    const id = `own-${this.#ownWrites}`
    await this.host.partner.transact('space', (tx) => tx['notes']?.put({ id, topic: 'own', marks: {} }))
    this.story.tell(`the partner writes ${id}`)
  }
}

/** The writes that a device could replay or show, journal and refused ones included. */
async function knownWrites(device: Device): Promise<{ mutationId: string }[]> {
  const { outbox, journal } = await device.store.inspect()
  const refused = await device.store.listRefused()
  return [...outbox, ...journal, ...refused]
}
