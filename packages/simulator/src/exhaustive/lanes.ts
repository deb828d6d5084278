import type { Device } from '../device.ts'
import type { World } from '../world.ts'
import { CALM_LIMIT } from '../world.ts'
import { type Move, smallScope } from './orders.ts'
import { healAndCheck, makeWorld, sync, write } from './scene.ts'

/** A place at which a run is broken off, and what was broken afterwards. */
export interface Place {
  readonly place: string
  readonly broken: readonly string[]
}

/** Which of the places one worker takes: every `of`th, beginning with `index`. */
export interface Share {
  readonly index: number
  readonly of: number
}

/** A lane: one scene, broken off at every place that it has. */
export interface Lane {
  readonly name: string
  run(share: Share): AsyncGenerator<Place>
}

function isMine({ index, of }: Share, place: number): boolean {
  return place % of === index
}

interface Scene {
  readonly world: World
  readonly one: Device
  readonly other: Device
}

/** Two devices with history, a pending write on each, and news for both. */
async function prepare(): Promise<Scene> {
  const world = await makeWorld(2)
  const [one, other] = world.devices as [Device, Device]
  await write(world, one, 'first', 'insert')
  await sync(world, one)
  await sync(world, other)
  await write(world, other, 'second', 'insert')
  await write(world, other, 'first', 'patch')
  await sync(world, other)
  await write(world, one, 'third', 'insert')
  await write(world, one, 'first', 'patch')
  return { world, one, other }
}

/** The same after a restore to before those writes were accepted: the next run is a rollback. */
async function prepareRestored(): Promise<Scene> {
  const scene = await prepare()
  const { world, one, other } = scene
  const backup = await world.host.backUp()
  await sync(world, one)
  await sync(world, other)
  world.partnerLostHistory()
  await world.host.restore(backup)
  return scene
}

/** The same after a wipe: the next run is a full resync. */
async function prepareWiped(): Promise<Scene> {
  const scene = await prepare()
  scene.world.partnerLostHistory()
  await scene.world.host.wipe()
  return scene
}

/** A run whose process dies after so many ports; returns how many it passed. */
async function runUntil(world: World, device: Device, ports: number): Promise<number> {
  const [context] = device.contexts
  if (context === undefined) throw new Error('a device always has a process')
  const before = context.process.passed
  context.process.killAfter(ports)
  await device.sync(context, 'retry', CALM_LIMIT)
  context.process.killAfter(null)
  return context.process.passed - before
}

/** Every transaction, request, commit and part of an answer: where the run has them is found by running it once, not kept by hand. */
async function* killEverywhere(make: () => Promise<Scene>, share: Share): AsyncGenerator<Place> {
  const whole = await make()
  const ports = await runUntil(whole.world, whole.one, Number.MAX_SAFE_INTEGER)
  for (let port = share.index; port <= ports; port += share.of) {
    const { world, one } = await make()
    await runUntil(world, one, port)
    yield { place: `port ${port} of ${ports}`, broken: await healAndCheck(world) }
  }
}

/** Where the transaction ends is only known when it was reached, so one worker takes all. */
async function* crashEverywhere(share: Share): AsyncGenerator<Place> {
  if (share.index > 0) return
  for (let statement = 0; ; statement += 1) {
    const { world, one } = await prepare()
    const before = await world.host.read('space', (tx) => tx.getSpace())
    world.host.failNext({ type: 'crash at statement', statement })
    await sync(world, one)
    const after = await world.host.read('space', (tx) => tx.getSpace())
    const isTorn = before.head !== after.head ? ['S18 a transaction that crashed was stored'] : []
    yield { place: `statement ${statement}`, broken: [...isTorn, ...(await healAndCheck(world))] }
    // The fault counts statements down: what is left says that the transaction had no more.
    if (world.host.statementsBeforeCrash < statement) break
  }
  for (const type of ['crash after commit', 'unknown outcome', 'busy'] as const) {
    const { world, one } = await prepare()
    world.host.failNext({ type })
    await sync(world, one)
    yield { place: type, broken: await healAndCheck(world) }
  }
}

async function* cutEverywhere(make: () => Promise<Scene>, share: Share): AsyncGenerator<Place> {
  const whole = await make()
  const bytes = await whole.world.network.cutNext(null, () => sync(whole.world, whole.one))
  for (let byte = share.index; byte < bytes; byte += share.of) {
    const { world, one } = await make()
    await world.network.cutNext(byte, () => sync(world, one))
    yield { place: `byte ${byte} of ${bytes}`, broken: await healAndCheck(world) }
  }
}

/** Two devices, three writes, two faults, three runs: every order of them that makes a difference. */
async function* enumerateSmallScope(share: Share): AsyncGenerator<Place> {
  for (const [index, order] of [...smallScope()].entries()) {
    if (isMine(share, index)) yield { place: order.join(', '), broken: await play(order) }
  }
}

async function play(moves: readonly Move[]): Promise<readonly string[]> {
  const world = await makeWorld(2)
  const [first, other] = world.devices as [Device, Device]
  let one = first
  await write(world, one, 'a', 'insert')
  await sync(world, one)
  await sync(world, other)
  const backup = await world.host.backUp()
  let isResponseLost = false
  const run = async (device: Device): Promise<void> => {
    if (isResponseLost) await world.network.cutNext(0, () => sync(world, device))
    else await sync(world, device)
    isResponseLost = false
  }
  for (const move of moves) {
    switch (move) {
      case 'write one':
        await write(world, one, 'a', 'patch')
        break
      case 'write other':
        await write(world, other, 'a', 'patch')
        break
      case 'sync one':
        await run(one)
        break
      case 'sync other':
        await run(other)
        break
      case 'lose response':
        isResponseLost = true
        break
      case 'kill one':
        await runUntil(world, one, 9)
        break
      case 'restore':
        world.partnerLostHistory()
        await world.host.restore(backup)
        break
      case 'clone one':
        world.ledger.hasCopies = true
        one = await world.openDevice(world.cloneOwner(one), 2, one.disk.copy())
        break
    }
  }
  return healAndCheck(world)
}

/** All lanes. */
export const LANES: readonly Lane[] = [
  { name: 'a process dies at every port of a run', run: (share) => killEverywhere(prepare, share) },
  { name: 'a process dies at every port of a rollback', run: (share) => killEverywhere(prepareRestored, share) },
  { name: 'a process dies at every port of a full resync', run: (share) => killEverywhere(prepareWiped, share) },
  { name: 'the partner dies at every statement', run: crashEverywhere },
  { name: 'an answer is cut at every byte', run: (share) => cutEverywhere(prepare, share) },
  {
    name: 'the problem that leads to a rollback is cut at every byte',
    run: (share) => cutEverywhere(prepareRestored, share),
  },
  { name: '2 devices, 3 writes, 2 faults, 3 runs in every order', run: enumerateSmallScope },
]
