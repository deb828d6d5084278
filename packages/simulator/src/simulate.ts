import { checkQuiet } from './checks.ts'
import { World } from './world.ts'

/** How one seed went. */
export interface SeedResult {
  readonly seed: number
  /** Broken promises; none is what we want. */
  readonly failures: readonly string[]
  readonly counts: ReadonlyMap<string, number>
  /** What happened, line by line. */
  readonly story: readonly string[]
}

/** Steps of the phase in which things go wrong. */
const STEPS = 120

/**
 * One seed: things go wrong for a while (safety), then nothing does any more (liveness), then every promise is checked.
 * Deterministic: the same seed tells the same story.
 */
export async function simulateSeed(seed: number): Promise<SeedResult> {
  const world = new World(seed)
  await world.begin()
  for (let step = 0; step < STEPS; step += 1) await world.step()
  await world.heal()
  await checkQuiet(world)
  const { failures, counts, lines } = world.story
  return { seed, failures, counts, story: lines }
}
