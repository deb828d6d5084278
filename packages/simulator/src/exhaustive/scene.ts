import type { LocalOp } from 'web-sync/testing'
import { checkQuiet } from '../checks/quiet.ts'
import type { Device } from '../device.ts'
import { heal } from '../heal.ts'
import { NO_SIGHTS } from '../ledger.ts'
import { CALM_LIMIT, World } from '../world.ts'

/** A world without chance: one device, or two of them, in the shared space, and no faults but those that a test makes. */
export async function makeWorld(devices: number): Promise<World> {
  const world = await World.begin(1, [], devices)
  world.network.isFaulty = false
  return world
}

/** A write that the ledger knows of. */
export async function write(world: World, device: Device, name: string, op: 'insert' | 'patch'): Promise<string> {
  const { account, space, name: deviceName } = device.owner
  const mutationId = world.chance.uuid()
  const marked = { last: mutationId, marks: { [mutationId]: true } }
  const value = op === 'insert' ? { id: name, topic: 'a', home: space, ...marked } : marked
  const ops: readonly LocalOp[] = [{ op, collection: 'notes', id: name, value }]
  await device.store.write(mutationId, ops)
  const facts = {
    mutationId,
    device: deviceName,
    account,
    space,
    ops,
    mark: mutationId,
    isOrdered: true,
    sights: NO_SIGHTS,
  }
  world.ledger.promise({ ...facts, atMs: world.time.nowMs() })
  return mutationId
}

/** A run without limits on a device's first process. */
export async function sync(world: World, device: Device): Promise<void> {
  const [context] = device.contexts
  if (context !== undefined) await device.sync(context, 'retry', CALM_LIMIT)
}

/** Everything is put right, and every promise is checked; what was broken. */
export async function healAndCheck(world: World): Promise<readonly string[]> {
  await heal(world)
  await checkQuiet(world)
  return world.story.failures.map(({ invariant, text }) => `${invariant} ${text}`)
}
