import { checkForeignKey, checkMalformedKey } from '../checks/foreign-key.ts'
import { noteDeleted } from '../checks/deleted.ts'
import type { Backup } from '../host-disk.ts'
import { ACCOUNTS, SHARED } from '../partner-host.ts'
import type { World } from '../world.ts'
import { storeWrite } from './write.ts'

const DAY_MS = 86_400_000
/** Backups that are kept. */
const MAX_BACKUPS = 6

/** A backup is taken. */
export async function backUp(world: World): Promise<void> {
  world.story.tell('the partner is backed up')
  world.backups.push(await world.host.backUp())
  if (world.backups.length > MAX_BACKUPS) world.backups.splice(world.chance.integer(MAX_BACKUPS), 1)
}

/** A backup is taken far away, and known to be there: nothing older will ever be restored. */
export async function backUpDurably(world: World): Promise<void> {
  world.story.tell('the partner is backed up, durably')
  world.story.count('sometimes: backed up durably')
  world.backups.splice(0, Infinity, await world.host.backUp())
  await world.host.markDurable()
}

/** An older state takes the place of what is there; now and then the old primary will come back later. */
export async function restore(world: World): Promise<void> {
  const { chance, story, host, backups } = world
  if (backups.length === 0) return
  const index = chance.integer(backups.length)
  story.tell(`the partner is restored to backup ${index} of ${backups.length}`)
  story.count('fault: partner restored')
  const replaced = chance.happens(0.3) && !world.has('durable') ? await host.backUp() : null
  story.count(`sometimes: restore ${world.ledger.isBeyondRetention ? 'beyond' : 'within'} the retention`)
  if (world.scheduler.isRacing) story.count('sometimes: restore while asks are under way')
  if (world.ledger.hasCopies) story.count('sometimes: restore and copies of a device in one world')
  if (world.oldPrimaries.has(backups[index] as Backup)) story.count('sometimes: the old primary comes back')
  world.partnerLostHistory()
  await host.restore(backups[index] as Backup)
  if (replaced === null || backups.length >= MAX_BACKUPS) return
  backups.push(replaced)
  world.oldPrimaries.add(replaced)
}

/** Nothing is left of it. */
export async function wipe(world: World): Promise<void> {
  world.story.tell('the partner is wiped')
  world.story.count('fault: partner wiped')
  world.partnerLostHistory()
  await world.host.wipe()
}

/** The next exchange meets a partner that crashes. */
export async function crash(world: World): Promise<void> {
  const { chance, story, host } = world
  const kind = chance.pick(['crash at statement', 'crash after commit', 'unknown outcome', 'busy'] as const)
  const fault = kind === 'crash at statement' ? { type: kind, statement: chance.integer(30) } : { type: kind }
  story.count(`fault: partner ${kind}`)
  story.tell(`the partner: ${kind}`)
  host.failNext(fault)
  await world.sync(chance.pick(world.devices))
  host.failNext(null)
}

/** It becomes a standby, or the primary again. */
export async function switchPrimary(world: World): Promise<void> {
  const isPrimary = world.chance.happens(0.7)
  world.host.setPrimary(isPrimary)
  world.story.tell(isPrimary ? 'the partner is the primary' : 'the partner is a standby')
  if (!isPrimary) {
    world.story.count('fault: standby')
    await world.sync(world.chance.pick(world.devices))
  }
}

/** Retention runs. */
export async function prune(world: World): Promise<void> {
  await noteDeleted(world)
  await world.host.partner.prune()
  world.story.count('pruned')
}

/** A quarter passes, and retention runs. */
export async function leap(world: World): Promise<void> {
  const days = world.chance.pick([2, 31, 91])
  if (days > 30) world.ledger.isBeyondRetention = true
  await pass(world, days)
}

/** More than a year passes. */
export async function leapFar(world: World): Promise<void> {
  world.ledger.isBeyondRetention = true
  world.ledger.isBeyondPartnerships = true
  await pass(world, 401)
}

async function pass(world: World, days: number): Promise<void> {
  world.isHistoryDoubtful = true
  world.story.tell(`${days} days pass`)
  world.story.count(`fault: ${days} days pass`)
  await noteDeleted(world)
  world.time.leap(days * DAY_MS)
  world.ledger.timePassed(world.time.nowMs())
  await world.host.partner.prune()
}

/** The partner writes something itself. */
export async function ownWrite(world: World): Promise<void> {
  world.ownWrites += 1
  const id = `own-${world.ownWrites}`
  const count = 1 + world.chance.integer(3)
  await world.host.partner.transact(SHARED, (tx) => {
    for (let index = 0; index < count; index += 1) {
      tx['notes']?.put({ id: `${id}-${index}`, topic: 'own', home: SHARED, marks: {} })
    }
  })
  world.story.tell(`the partner writes ${id}`)
}

/** Somebody's access changes; reading only, ended, or as it was. */
export async function changeAccess(world: World): Promise<void> {
  const { chance, story, host } = world
  const account = chance.pick(ACCOUNTS)
  const space = chance.happens(0.7) ? SHARED : `home-${account}`
  const access = chance.pick(['read', 'ended', null, undefined, undefined] as const)
  host.setAccess(account, space, access)
  if (world.scheduler.isRacing) story.count('sometimes: access changes while asks are under way')
  story.tell(`${account} in ${space}: ${access === undefined ? 'as before' : (access ?? 'no access')}`)
  if (access !== undefined) story.count(`fault: access ${access ?? 'refused'}`)
}

/** S16: somebody asks with a key that is not theirs. */
export async function askWithForeignKey(world: World): Promise<void> {
  // What is judged here is the partner's answer, not the app's bad moments.
  world.isAppCalm = true
  if (world.chance.happens(0.3)) await checkMalformedKey(world)
  else await checkForeignKey(world)
  world.isAppCalm = false
}

/** A write that no firewall lets pass, or that makes the partner fail, however often it is sent. */
export async function poison(world: World): Promise<void> {
  const { chance, network } = world
  if (world.poisoned !== null) return
  const device = chance.pick(world.devices)
  const mutationId = chance.uuid()
  const id = chance.hex(8)
  const value = { id, home: device.owner.space, last: mutationId, marks: { [mutationId]: true } }
  await storeWrite(world, device, mutationId, mutationId, [{ op: 'insert', collection: 'notes', id, value }])
  if (!world.ledger.has(mutationId)) return
  world.poisoned = mutationId
  network.poison = { text: mutationId, answer: chance.pick(['page', 'error']) }
  world.story.count('fault: one mutation always fails')
}

/** Time goes on, or a clock is set wrong. */
export async function passTime(world: World): Promise<void> {
  const { chance, time } = world
  time.leap(chance.integer(3_600_000))
  if (!world.has('clock') || !chance.happens(0.4)) return
  world.story.count('fault: clock jumps')
  // Not so far that anything is thrown away by its age: that is what `prune` is for.
  time.leap((chance.integer(20) - 10) * 3_600_000)
}
