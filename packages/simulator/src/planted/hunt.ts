import { simulateSeed } from '../simulate.ts'
import type { FaultClass } from '../swarm.ts'

/** What to look for, as JSON on the command line of the copy in which a bug is planted. */
export interface HuntTask {
  /** The promise that the bug must break; null: none may be broken. */
  readonly invariant: string | null
  /** Where each hunt begins; they are independent of each other. */
  readonly starts: readonly number[]
  /** Seeds after which a hunt gives up. */
  readonly maxSeeds: number
  /** Worlds have just these classes of faults; null: they are drawn. */
  readonly only: readonly FaultClass[] | null
  /** Classes of which each alone must not be enough: so many seeds as were needed, from each start, must be clean with it. */
  readonly alone: readonly FaultClass[]
}

/** How one hunt ended. */
export interface HuntResult {
  readonly start: number
  /** Counted exchanges until the promise was broken, or until the hunt gave up. */
  readonly exchanges: number
  readonly isFound: boolean
  readonly seeds: number
  /** Other promises that were broken on the way: which, by which seed, and what it said. */
  readonly others: readonly string[]
}

/** How a task ended. */
export interface TaskResult {
  readonly hunts: readonly HuntResult[]
  /** A class that is enough alone; null: there is none. */
  readonly enough: FaultClass | null
}

/** The fewest and the most seeds that must be clean where only one of two faults exists. */
const ALONE_SEEDS = { least: 3, most: 12 }

/** Runs seeds from each start until the promise is broken, in this process; prints how it ended as JSON. */
export async function hunt(text: string): Promise<number> {
  const task = JSON.parse(text) as HuntTask
  const hunts: HuntResult[] = []
  for (const start of task.starts) hunts.push(await huntFrom(task, start, task.maxSeeds, task.only))
  console.log(JSON.stringify({ hunts, enough: await findEnough(task, hunts) } satisfies TaskResult))
  return 0
}

async function findEnough(task: HuntTask, hunts: readonly HuntResult[]): Promise<FaultClass | null> {
  for (const { start, seeds, isFound } of hunts) {
    const tried = Math.min(ALONE_SEEDS.most, Math.max(ALONE_SEEDS.least, seeds))
    for (const name of isFound ? task.alone : []) {
      if ((await huntFrom(task, start, tried, [name])).isFound) return name
    }
  }
  return null
}

async function huntFrom(
  { invariant }: HuntTask,
  start: number,
  maxSeeds: number,
  only: readonly FaultClass[] | null,
): Promise<HuntResult> {
  const others: string[] = []
  let exchanges = 0
  let seeds = 0
  let isFound = false
  while (!isFound && seeds < maxSeeds) {
    const seed = start + seeds
    const { failures, counts } = await simulateSeed(seed, only === null ? {} : { only })
    seeds += 1
    exchanges += counts.get('exchanges') ?? 0
    isFound = failures.some((failure) => failure.invariant === invariant)
    const other = failures.find((failure) => failure.invariant !== invariant)
    if (other !== undefined && !isFound) others.push(`seed ${seed}: ${other.invariant} ${other.text}`)
  }
  return { start, exchanges, isFound, seeds, others }
}
