import { checkStorm } from './checks/storm.ts'
import type { Device } from './device.ts'
import { NO_SIGHTS } from './ledger.ts'
import { ACCOUNTS, SPACES } from './partner-host.ts'
import { CALM_LIMIT, type World } from './world.ts'

/** Rounds after which those who still have something to do are taken for hanging. */
const MAX_ROUNDS = 60
/** Rounds in which nothing happened before all is quiet. */
const QUIET_ROUNDS = 2
/** L3: resets that a device may need after everything is well. */
const MAX_HEALING_RESETS = 6

/** No more faults; everybody syncs until nothing moves any more. */
export async function heal(world: World): Promise<void> {
  const { story, host, network } = world
  story.tell('— from here on nothing goes wrong any more —')
  network.isFaulty = false
  host.setPrimary(true)
  host.failNext(null)
  for (const account of ACCOUNTS) for (const space of SPACES) host.setAccess(account, space, undefined)
  for (const device of world.devices) {
    device.signedIn = device.owner.account
    device.disk.heal()
    for (const context of device.contexts.slice(0, -1)) await device.bury(context)
    for (const context of device.contexts) if (context.version < device.version) await device.bury(context)
  }
  await retryAside(world)
  const accused = await listAccused(world)
  const resetsBefore = new Map(world.devices.map((device) => [device, device.resets]))
  await settle(world)
  await acquit(world, accused)
  if (world.poisoned !== null) await liftPoison(world, world.poisoned)
  for (const device of world.devices) {
    const resets = device.resets - (resetsBefore.get(device) ?? 0)
    if (resets > MAX_HEALING_RESETS) story.fail('L3', `${device.name} was reset ${resets} times after all was well`)
  }
  await checkDraining(world)
  const [device] = world.devices
  if (device === undefined || story.failures.length > 0) return
  await writeSome(world, device)
  await checkStorm(world, device)
  await settle(world)
}

/** Syncs in turn until two rounds bring nothing to anybody. */
async function settle(world: World): Promise<void> {
  let before = ''
  let quiet = 0
  for (let round = 0; round < MAX_ROUNDS && quiet < QUIET_ROUNDS; round += 1) {
    for (const device of world.devices) {
      world.time.leap(3_600_001)
      const context = device.contexts[0]
      const isHalted = (await device.store.readSummary()).memory.halt !== null
      if (context === undefined) continue
      const asksBefore = device.asks
      await world.run(device, context, isHalted ? 'start' : 'timer', CALM_LIMIT)
      // The search for a culprit may take many asks; nothing else does. To go on would only ask as often in each round.
      if (world.poisoned === null && device.asks - asksBefore >= CALM_LIMIT.maxExchanges) {
        return world.story.fail(
          'L1',
          `${device.name} asked ${device.asks - asksBefore} times in one run, and has no end`,
        )
      }
    }
    const now = await fingerprint(world)
    quiet = now === before ? quiet + 1 : 0
    before = now
  }
  if (quiet < QUIET_ROUNDS) world.story.fail('L1', `after ${MAX_ROUNDS} rounds it is still not quiet`)
}

async function fingerprint(world: World): Promise<string> {
  const parts: unknown[] = []
  for (const device of world.devices) {
    const { key, isSettled, isResyncing, counts, memory } = await device.store.readSummary()
    parts.push(
      key,
      isSettled,
      isResyncing,
      counts.pending,
      counts.setAside,
      memory.halt,
      memory.wait?.reason,
      memory.search,
    )
  }
  return JSON.stringify(parts)
}

/** What was set aside, by a firewall or by a proxy for which it was too large, is sent again. */
async function retryAside(world: World): Promise<void> {
  for (const device of world.devices) {
    for (const { mutationId, stage } of await device.store.listWrites()) {
      if (stage === 'set-aside') await device.store.retry(mutationId, world.chance.uuid())
    }
  }
}

/** Whom devices accuse by what failed before all was well: the verdict may come afterwards, and is no fault of the search. */
async function listAccused(world: World): Promise<ReadonlySet<string>> {
  const accused = new Set<string>()
  for (const device of world.devices) {
    const { search } = (await device.store.readSummary()).memory
    if (search.type !== 'none' && search.suspect !== null) accused.add(search.suspect)
  }
  if (world.poisoned !== null) accused.delete(world.poisoned)
  return accused
}

/** Sends once more who was accused before all was well, and set aside for it. */
async function acquit(world: World, accused: ReadonlySet<string>): Promise<void> {
  let isAny = false
  for (const device of world.devices) {
    for (const { mutationId, stage } of await device.store.listWrites()) {
      if (stage !== 'set-aside' || !accused.has(mutationId)) continue
      await device.store.retry(mutationId, world.chance.uuid())
      isAny = true
    }
  }
  if (isAny) await settle(world)
}

/** L2: the one that cannot pass was set aside, everything else has passed; then the firewall is put right and it passes too. */
async function liftPoison(world: World, mutationId: string): Promise<void> {
  const { story } = world
  for (const device of world.devices) {
    const writes = await device.store.listWrites()
    const stuck = writes.filter(({ stage }) => stage === 'stored')
    const aside = writes.filter(({ stage }) => stage === 'set-aside')
    for (const write of aside) {
      story.count('sometimes: mutation set aside')
      if (write.mutationId !== mutationId)
        story.fail('L2', `${device.name}: ${write.mutationId.slice(0, 8)} was set aside`)
    }
    const culprit = writes.find((write) => write.mutationId === mutationId)
    const touched = new Set(culprit?.ops.map((op) => `${op.collection}/${op.id}`))
    // What was made on its result waits with it.
    for (const { mutationId: other, ops } of stuck) {
      const waits = ops.some((op) => touched.has(`${op.collection}/${op.id}`))
      if (waits) for (const op of ops) touched.add(`${op.collection}/${op.id}`)
      else story.fail('L2', `${device.name}: ${other.slice(0, 8)} is held up by ${mutationId.slice(0, 8)}`)
    }
  }
  world.network.poison = null
  story.tell('the firewall is put right')
  await retryAside(world)
  await settle(world)
}

/** L1: once all is well, what waits is gone within ⌈pending / page⌉ + 3 asks, without a reload. */
async function checkDraining(world: World): Promise<void> {
  for (const device of world.devices.slice(0, 2)) {
    const marks = await writeSome(world, device)
    const before = device.asks
    const context = device.contexts[0]
    if (context === undefined) continue
    await world.run(device, context, 'write', CALM_LIMIT)
    const asks = device.asks - before
    const { counts } = await device.store.readSummary()
    if (asks > 4 || counts.pending > 0) {
      world.story.fail('L1', `${device.name} needed ${asks} asks for ${marks} writes, ${counts.pending} are left`)
    }
  }
  await settle(world)
}

async function writeSome(world: World, device: Device): Promise<number> {
  const { chance, time } = world
  const { account, space, name } = device.owner
  for (let index = 0; index < 3; index += 1) {
    const mutationId = chance.uuid()
    const id = chance.hex(8)
    const value = { id, topic: 'end', home: space, last: mutationId, marks: { [mutationId]: true } }
    const ops = [{ op: 'insert', collection: 'notes', id, value } as const]
    await device.store.write(mutationId, ops)
    world.ledger.promise({
      mutationId,
      device: name,
      account,
      space,
      ops,
      mark: mutationId,
      atMs: time.nowMs(),
      isOrdered: true,
      sights: NO_SIGHTS,
    })
  }
  return 3
}
