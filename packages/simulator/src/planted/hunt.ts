import { simulateSeed } from '../simulate.ts'
import type { FaultClass } from '../swarm.ts'

/** What to look for, as JSON on the command line of the copy in which a bug is planted. */
export interface HuntTask {
  /** The promise that the bug must break. */
  readonly invariant: string
  /** Where each hunt begins; they are independent of each other. */
  readonly starts: readonly number[]
  /** Seeds after which a hunt gives up. */
  readonly maxSeeds: number
  /** Worlds have just these classes of faults; null: they are drawn. */
  readonly only: readonly FaultClass[] | null
}

/** How one hunt ended. */
export interface HuntResult {
  readonly start: number
  /** Counted exchanges until the promise was broken; null: it was not. */
  readonly exchanges: number | null
  readonly seeds: number
  /** Other promises that were broken on the way. */
  readonly others: readonly string[]
}

/** Runs seeds from each start until the promise is broken, in this process; prints the results as JSON. */
export async function hunt(text: string): Promise<number> {
  const { invariant, starts, maxSeeds, only } = JSON.parse(text) as HuntTask
  const results: HuntResult[] = []
  for (const start of starts) {
    const others = new Set<string>()
    let exchanges = 0
    let seeds = 0
    let isFound = false
    while (!isFound && seeds < maxSeeds) {
      const { failures, counts } = await simulateSeed(start + seeds, only === null ? {} : { only })
      seeds += 1
      exchanges += counts.get('exchanges') ?? 0
      isFound = failures.some((failure) => failure.invariant === invariant)
      for (const failure of failures) if (failure.invariant !== invariant) others.add(failure.invariant)
    }
    results.push({ start, exchanges: isFound ? exchanges : null, seeds, others: [...others].toSorted() })
  }
  console.log(JSON.stringify(results))
  return 0
}
