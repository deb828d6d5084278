import { isDeepStrictEqual } from 'node:util'
import type { Browser } from '@playwright/test'
import { schema } from '../../e2e/app/schema.ts'
import { BrowserDevice } from './devices/browser-device.ts'
import type { Device } from './devices/device.ts'
import { NodeDevice } from './devices/node-device.ts'
import { isRestored, isThere, Ledger, nameOf, type PartnerContent, readContent } from './ledger.ts'
import type { PartnerServer } from './partner-server.ts'
import type { RoundResult } from './result.ts'
import type { Site } from './site.ts'
import { wait } from './wait.ts'

const COLLECTIONS = Object.keys(schema.collections)
/** Between two writes of a person. */
const PACE_MS = 15
/** A round that does not come to rest by then has failed. */
const CONVERGE_LIMIT_MS = 60_000

/** A space of its own with its people, on a site that outlives it. */
export class Round {
  readonly site: Site
  readonly server: PartnerServer
  readonly variant: string
  readonly number: number
  /** Null: all devices of this round are under Node. */
  readonly browser: Browser | null
  readonly space: string
  readonly ledger: Ledger = new Ledger()
  readonly faults: string[] = []
  readonly #devices: Device[] = []
  readonly #startedAt = performance.now()
  #stop: (() => Promise<void>) | null = null
  #accepted = 0
  #lacked = 0
  #durable = 0
  #durableLacked = 0
  #movedAt = 0
  #notes = 0

  constructor(
    site: Site,
    server: PartnerServer,
    name: { readonly variant: string; readonly number: number },
    browser: Browser | null,
  ) {
    const { variant, number } = name
    this.browser = browser
    this.site = site
    this.server = server
    this.variant = variant
    this.number = number
    this.space = `round-${number}-${variant}`
  }

  get devices(): readonly Device[] {
    return this.#devices
  }

  /** Adds somebody's device. */
  add<T extends Device>(device: T): T {
    this.#devices.push(device)
    return device
  }

  /** Adds a device under Node. */
  async addNode(account: string): Promise<NodeDevice> {
    const name = `${account}-${this.#devices.length}`
    return this.add(await NodeDevice.open({ name, account, space: this.space, origin: this.server.origin }))
  }

  /** Adds a device in a real browser. */
  async addBrowser(account: string, browser: Browser): Promise<BrowserDevice> {
    const name = `${account}-${this.#devices.length}`
    return this.add(await BrowserDevice.open({ name, account, space: this.space, origin: this.server.origin }, browser))
  }

  /** Makes a note that all put their marks on, and lets everybody see it. */
  async begin(): Promise<void> {
    const [first] = this.#devices
    if (first === undefined) throw new Error('a round needs devices')
    this.ledger.add(await first.insert('shared'))
    for (const device of this.#devices) await this.#untilUpToDate(device)
    for (const device of this.#devices) await this.#untilShown(device, 'shared')
  }

  /** Somebody writes: two notes of their own for each mark on the shared one. */
  async write(device: Device): Promise<void> {
    this.#notes += 1
    const isMark = this.#notes % 3 === 0
    this.ledger.add(isMark ? await device.mark('shared') : await device.insert(`${device.name}-${this.#notes}`))
  }

  /** Everybody writes and syncs, all at once, until {@link stopWriting}. */
  startWriting(devices: readonly Device[] = this.#devices): void {
    const life = { isOn: true }
    const live = async (device: Device): Promise<void> => {
      while (life.isOn) {
        await this.write(device)
        await device.sync()
        await wait(Math.random() * PACE_MS * 2)
      }
    }
    const lives = devices.map((device) =>
      live(device).catch((error: unknown) => void this.faults.push(`${device.name} cannot write: ${String(error)}`)),
    )
    this.#stop = async () => {
      life.isOn = false
      await Promise.all(lives)
    }
  }

  async stopWriting(): Promise<void> {
    await this.#stop?.()
    this.#stop = null
  }

  /** Waits until at least so many more writes were accepted. */
  async untilAccepted(more: number): Promise<void> {
    const before = (await this.ledger.accepted(this.#devices)).length
    await this.#until('too few writes are accepted', async () => {
      return (await this.ledger.accepted(this.#devices)).length >= before + more
    })
  }

  /** Waits until a device has dropped an accepted write, since it heard that it is durable. */
  async untilDurable(): Promise<void> {
    await this.#until('nothing is called durable', async () => {
      const accepted = await this.ledger.accepted(this.#devices)
      const kept = await this.#kept()
      return accepted.some(({ mutationId }) => !kept.has(mutationId))
    })
  }

  /** The primary dies in the middle of everything; then another one takes its place, and traffic goes there. */
  async fail(over: () => Promise<void>): Promise<void> {
    const accepted = await this.ledger.accepted(this.#devices)
    this.#accepted = accepted.length
    this.server.expectDeath()
    await this.site.killPrimary()
    await this.server.drop()
    // Nobody hears anything any more: what a device has dropped by now it will not send again.
    const kept = await this.#kept()
    await over()
    const storage = await this.site.openStorage()
    const content = await readContent(storage, this.space, COLLECTIONS)
    const lacked = accepted.filter((write) => !isThere(write, content))
    this.#lacked = lacked.length
    this.#durable = accepted.filter(({ mutationId }) => !kept.has(mutationId)).length
    this.#durableLacked = lacked.filter(({ mutationId }) => !kept.has(mutationId)).length
    this.server.use(storage)
    this.#movedAt = performance.now()
  }

  /** Traffic goes to whatever is the primary now, without a death. */
  async moveTraffic(): Promise<void> {
    await this.server.drop()
    this.server.use(await this.site.openStorage())
    this.#movedAt = performance.now()
  }

  /** All sync until nothing moves any more; then everything is compared. */
  async finish(): Promise<RoundResult> {
    await this.stopWriting()
    await this.#until('the devices do not come to rest', async () => {
      for (const device of this.#devices) await device.sync()
      const content = await this.#content()
      for (const device of this.#devices) {
        if (!(await device.isUpToDate()) || !(await isEqual(device, content))) return false
      }
      return true
    })
    const convergedSeconds = secondsSince(this.#movedAt)
    return { ...(await this.#compare()), convergedSeconds, seconds: secondsSince(this.#startedAt) }
  }

  async close(): Promise<void> {
    await this.stopWriting()
    for (const device of this.#devices) await device.close()
  }

  async #compare(): Promise<Omit<RoundResult, 'convergedSeconds' | 'seconds'>> {
    const content = await this.#content()
    let [lost, conflicts, salvage, differing, rollbacks, resyncs] = [0, 0, 0, 0, 0, 0]
    for (const [write, fate] of await this.ledger.fates(this.#devices)) {
      if (isThere(write, content)) continue
      if (fate !== 'refused') {
        lost += 1
        this.faults.push(`lost: ${write.mutationId} of ${write.device} on ${write.recordId} (${fate})`)
      }
    }
    for (const device of this.#devices) {
      const resets = await device.resets()
      conflicts += (await device.refused()).length
      salvage += (await device.salvaged()).filter((record) => !isRestored(record, content)).length
      rollbacks += resets.rollbacks
      resyncs += resets.resyncs
      if (!(await isEqual(device, content))) differing += 1
    }
    const doubled = [...content.effects.values()].reduce((sum, times) => sum + times - 1, 0)
    this.faults.push(...this.server.takeFaults())
    const { variant, number: round } = this
    const facts = {
      variant,
      round,
      promised: this.ledger.writes.length,
      accepted: this.#accepted,
      lacked: this.#lacked,
      durable: this.#durable,
      durableLacked: this.#durableLacked,
    }
    return { ...facts, lost, doubled, conflicts, salvage, differing, rollbacks, resyncs, faults: this.faults }
  }

  async #kept(): Promise<ReadonlySet<string>> {
    return new Set((await Promise.all(this.#devices.map((device) => device.kept()))).flat())
  }

  #content(): Promise<PartnerContent> {
    return readContent(this.server.storage, this.space, COLLECTIONS)
  }

  /** Adds a device of an account: in the browser if this round has one. */
  async addDevice(account: string): Promise<Device> {
    return this.browser === null ? this.addNode(account) : this.addBrowser(account, this.browser)
  }

  async #untilUpToDate(device: Device): Promise<void> {
    await this.#until(`${device.name} does not get up to date`, async () => {
      if (await device.isUpToDate()) return true
      await device.sync()
      return false
    })
  }

  /** Up to date may mean: with what the partner had before somebody sent it. */
  async #untilShown(device: Device, id: string): Promise<void> {
    await this.#until(`${device.name} does not see ${id}`, async () => {
      if ((await device.records()).some(({ value }) => value['id'] === id)) return true
      await device.sync()
      return false
    })
  }

  async #until(complaint: string, holds: () => Promise<boolean>): Promise<void> {
    const endsAt = performance.now() + CONVERGE_LIMIT_MS
    while (!(await holds())) {
      if (performance.now() > endsAt) {
        this.faults.push(complaint)
        return
      }
      await wait(PACE_MS)
    }
  }
}

async function isEqual(device: Device, { all }: PartnerContent): Promise<boolean> {
  const records = await device.records()
  const shown = new Map(records.map(({ collection, value }) => [nameOf(collection, value), value]))
  return isDeepStrictEqual(shown, all)
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 10) / 100
}
