import { actionOf } from './actions/index.ts'
import { checkBase, checkKept } from './checks/base.ts'
import { checkBounds } from './checks/bounds.ts'
import { checkRemembered, checkView } from './checks/device.ts'
import { checkQuiet } from './checks/quiet.ts'
import { judgeCommitted } from './checks/seen.ts'
import { heal } from './heal.ts'
import { memoryDisks, sqliteDisks } from './host-disk.ts'
import { makePlan, type Plan, type PlanOptions } from './plan.ts'
import type { Failure } from './story.ts'
import { World } from './world.ts'

/** How one seed went. */
export interface SeedResult {
  readonly seed: number
  /** Broken promises; none is what we want. */
  readonly failures: readonly Failure[]
  readonly counts: ReadonlyMap<string, number>
  /** What happened, line by line. */
  readonly story: readonly string[]
  /** Of the story. */
  readonly hash: number
}

/** The share of the steps after which the dear checks are made. */
const DEAR_SHARE = 0.1
/** The share of the seeds that end with hostile asks, and of these that send the largest too. */
const BOUNDS_SHARE = 0.25
const LARGE_SHARE = 0.05

/** One seed, by the plan that is drawn from it. */
export function simulateSeed(seed: number, options?: PlanOptions): Promise<SeedResult> {
  return simulatePlan(makePlan(seed, options))
}

/**
 * Things go wrong for a while (safety), then nothing does any more (liveness), then every promise is checked.
 * Deterministic: the same plan tells the same story. Ends at the first broken promise: what follows from it would only hide it.
 */
export async function simulatePlan(plan: Plan): Promise<SeedResult> {
  const disks = plan.storage === 'sqlite' ? sqliteDisks() : memoryDisks
  // Loaded where it is wanted: it makes IndexedDB a part of the platform.
  const makeRows = plan.store === 'idb' ? (await import('./idb-rows.ts')).idbDisks() : undefined
  const world = await World.begin(plan.seed, plan.classes, plan.devices, disks, makeRows)
  try {
    await live(world, plan)
  } catch (error) {
    world.story.fail('S24', `something failed without a code: ${error instanceof Error ? error.stack : String(error)}`)
  } finally {
    await disks.clear()
  }
  const { failures, counts, lines } = world.story
  return { seed: plan.seed, failures, counts, story: lines, hash: world.story.hash() }
}

async function live(world: World, plan: Plan): Promise<void> {
  const { chance, story, scheduler } = world
  for (const name of plan.classes) story.count(`class ${name}`)
  story.count(`storage ${plan.storage}`)
  story.count(`store ${plan.store ?? 'memory'}`)
  for (const step of plan.steps) {
    chance.reseed(step[0]?.seed ?? 0)
    if (step.length > 1) story.tell(`at once: ${step.map(({ action }) => action).join(' + ')}`)
    await scheduler.race(
      step.map(
        ({ action }) =>
          () =>
            actionOf(action).run(world),
      ),
    )
    await checkStep(world)
    if (story.failures.length > 0) return
  }
  chance.reseed(plan.seed)
  await heal(world)
  if (story.failures.length === 0) await checkQuiet(world)
  if (story.failures.length > 0 || !chance.happens(BOUNDS_SHARE)) return
  await checkBounds(world, chance.happens(LARGE_SHARE))
}

/** After each step what is cheap, for one device; after some what is dear. */
async function checkStep(world: World): Promise<void> {
  const { chance, devices } = world
  judgeCommitted(world)
  const device = chance.pick(devices)
  await checkKept(world, device)
  if (!chance.happens(DEAR_SHARE)) return
  await checkBase(world, device)
  await checkView(world, device)
  await checkRemembered(world, device)
}
