import { keyNumber } from 'web-sync-protocol'
import { readSyncRow } from '../checks/base.ts'
import { Device } from '../device.ts'
import type { World } from '../world.ts'
import { writeOn } from './write.ts'

/** A process dies at a drawn port of whatever it does next. */
export async function killSomewhere(world: World): Promise<void> {
  const { chance, story } = world
  const device = chance.pick(world.devices)
  const context = chance.pick(device.contexts)
  const ports = chance.integer(chance.happens(0.5) ? 20 : 120)
  story.count('fault: process killed')
  story.tell(`${context.process.name} will die after ${ports} ports`)
  context.process.killAfter(ports)
  if (chance.happens(0.3)) await writeOn(world, device)
  if (device.contexts.includes(context)) await world.sync(device, context)
  if (device.contexts.includes(context)) await device.bury(context)
}

/** The power fails: of the transactions after the last strict one the last few are lost. */
export async function failPower(world: World): Promise<void> {
  const { chance, story } = world
  const device = chance.pick(world.devices)
  const lost = 1 + chance.integer(5)
  await replace(world, device, device.disk.afterPowerLoss(lost))
  story.count('fault: power lost')
  story.tell(`${device.name} loses power, and up to ${lost} relaxed transactions`)
}

/** The device goes on with other rows. */
export async function replace(
  world: World,
  device: Device,
  rows: Parameters<typeof Device.open>[3] | undefined,
  version: 1 | 2 = device.version,
): Promise<Device> {
  device.leave()
  const next = await Device.open(device.owner, version, world.surroundings(), rows)
  next.isKeyDoubtful = true
  next.signedIn = device.signedIn
  next.hasSetAside = device.hasSetAside
  world.devices = world.devices.map((other) => (other === device ? next : other))
  return next
}

/** The platform aborts one of the next transactions: no room, or a broken database. */
export async function fillDisk(world: World): Promise<void> {
  const { chance, story } = world
  const device = chance.pick(world.devices)
  story.count('fault: transaction aborted')
  story.tell(`${device.name}: the platform will abort a transaction`)
  device.disk.abortLater(
    chance.pick(['quota-exceeded', 'storage-failed']),
    chance.integer(6),
    chance.integer(chance.happens(0.5) ? 15 : 60),
  )
  if (chance.happens(0.3)) await writeOn(world, device)
  await world.sync(device)
  device.disk.heal()
}

/** A profile is copied, and both go on. */
export async function clone(world: World): Promise<void> {
  const { chance, story } = world
  const device = chance.pick(world.devices)
  if (world.devices.length >= 7) return
  const owner = world.cloneOwner(device)
  const copy = await world.openDevice(owner, device.version, device.disk.copy())
  if (world.clones.has(device.name)) story.count('sometimes: copy of a copy')
  world.clones.add(copy.name)
  world.ledger.inheritSights(device.name, copy.name)
  world.ledger.hasCopies = true
  device.isKeyDoubtful = true
  copy.isKeyDoubtful = true
  story.tell(`${device.name} is cloned: ${copy.name}`)
  story.count('fault: device cloned')
}

/** A copy that a device may be set back to. */
export async function keepCopy(world: World): Promise<void> {
  const device = world.chance.pick(world.devices)
  world.copies.push({ name: device.name, rows: device.disk.copy(), version: device.version })
}

/** A device goes back to an older copy of itself. What only it knew is gone; what the partner has, nobody can replay any more. */
export async function setBack(world: World): Promise<void> {
  const { chance, story, ledger, host } = world
  if (world.copies.length === 0) return
  const copy = chance.pick(world.copies)
  const device = world.devices.find((other) => other.name === copy.name)
  if (device === undefined) return
  ledger.hasCopies = true
  // What was called durable the device itself has forgotten.
  const own = [...ledger.promised()].filter((write) => write.device === device.name)
  const lost = [...(await knownWrites(device)), ...own]
  const refused = new Set((await device.store.listRefused()).map((entry) => entry.mutationId))
  const before = keyNumber((await readSyncRow(device)).syncKey)
  const old = await replace(world, device, copy.rows.copy(), copy.version)
  story.count(`sometimes: set back ${stepsBack(before - keyNumber((await readSyncRow(old)).syncKey))}`)
  const kept = new Set((await knownWrites(old)).map((write) => write.mutationId))
  for (const { mutationId } of lost) {
    if (kept.has(mutationId)) continue
    const { account, space } = device.owner
    // Refused without the device having heard of it: nobody will ever show it.
    const isApplied = !refused.has(mutationId) && (await host.outcomeOf(space, account, mutationId)) === 'accepted'
    if (isApplied) ledger.makeFragile(mutationId)
    else ledger.forgive(mutationId)
  }
  story.tell(`${device.name} is set back to an older copy of itself`)
  story.count('fault: device set back')
}

/** How far a device was set back, as it is counted. */
function stepsBack(steps: number): string {
  if (steps <= 0) return 'to the same key, or in another partnership'
  if (steps <= 2) return `by ${steps}`
  return steps <= 32 ? 'by 3 to 32' : 'by more than 32'
}

/** The writes that a device could replay or show, journal and refused ones included. */
async function knownWrites(device: Device): Promise<readonly { readonly mutationId: string }[]> {
  const { outbox, journal } = await device.store.inspect()
  return [...outbox, ...journal, ...(await device.store.listRefused())]
}

/** Another tab is opened, or one is closed. */
export async function openOrClose(world: World): Promise<void> {
  const { chance } = world
  const device = chance.pick(world.devices)
  if (device.contexts.length < 3 && chance.happens(0.6)) await device.openContext()
  else await device.bury(chance.pick(device.contexts))
}

/** The app's new version arrives on a device; old tabs stay open. */
export async function updateApp(world: World): Promise<void> {
  const { chance, story } = world
  const device = chance.pick(world.devices)
  if (device.version === 2) return
  await device.update()
  story.tell(`${device.name} has the new version of the app`)
  story.count('fault: new schema version')
}

/** Somebody else signs in in the same browser, or nobody is signed in, or the owner is again. */
export async function signInOther(world: World): Promise<void> {
  const { chance, story } = world
  const device = chance.pick(world.devices)
  device.signedIn = chance.pick([device.owner.account, 'ada', 'ben', null])
  story.tell(`${device.name}: signed in is ${device.signedIn ?? 'nobody'}`)
  story.count('fault: other sign-in')
  await world.sync(device)
}

/** S23: a store cannot be opened by another account than its own. */
export async function openAsOther(world: World): Promise<void> {
  const { chance, story } = world
  const device = chance.pick(world.devices)
  const account = device.owner.account === 'ada' ? 'ben' : 'ada'
  try {
    await Device.open({ ...device.owner, account }, device.version, world.surroundings(), device.disk.copy())
    story.fail('S23', `${account} has opened the store of ${device.name}`)
  } catch {
    story.count('sometimes: store of another account stays closed')
  }
}

/** An id that was used is used again, for another content, on another device of the account. */
export async function reuseId(world: World): Promise<void> {
  const { chance, ledger } = world
  const device = chance.pick(world.devices)
  const { account, space, name } = device.owner
  const used = ledger
    .all()
    .filter((write) => write.account === account && write.space === space && write.device !== name)
  if (used.length === 0) return
  const { mutationId } = chance.pick(used)
  if (ledger.isReused(mutationId) || (await device.store.readStage(mutationId)) !== 'unknown') return
  ledger.noteReused(mutationId)
  world.story.count('fault: mutation id reused')
  await writeOn(world, device, mutationId)
}
