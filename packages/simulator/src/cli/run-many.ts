import { makePlan, type StoreKind } from '../plan.ts'
import { writeRecording } from '../recording.ts'
import { shrink } from '../shrink.ts'
import { listNeverHappened } from '../sometimes.ts'
import { runSeeds } from './pool.ts'
import { Progress } from './progress.ts'
import type { SeedReport } from './seed-report.ts'

/** Broken seeds after which a run has seen enough. */
const MAX_BROKEN = 5

/** How a run of many seeds is made. */
export interface RunOptions {
  readonly exchanges: number
  readonly seed: number
  readonly jobs: number
  /** Minutes after which it ends, whatever is left to do; null: none. */
  readonly minutes: number | null
  readonly asJson: boolean
  /** Where the first broken seed is recorded, shrunk; null: nowhere. */
  readonly record: string | null
  readonly store: StoreKind
}

/** Runs seeds until so many exchanges are counted; 0: no promise was broken, and the run came everywhere. */
export async function runMany(options: RunOptions): Promise<number> {
  const startedAt = performance.now()
  const totals = new Map<string, number>()
  const broken: SeedReport[] = []
  const progress = new Progress(options.exchanges, 'exchanges')
  let seeds = 0
  const take = (report: SeedReport): boolean => {
    seeds += 1
    for (const [what, count] of report.counts) totals.set(what, (totals.get(what) ?? 0) + count)
    if (report.failures.length > 0) broken.push(report)
    const done = totals.get('exchanges') ?? 0
    progress.show(done, broken.length === 0 ? '' : `, ${broken.length} broken`)
    const isLate = options.minutes !== null && performance.now() - startedAt > options.minutes * 60_000
    return done < options.exchanges && broken.length < MAX_BROKEN && !isLate
  }
  await runSeeds(options.seed, options.jobs, take, options.store)
  progress.end()
  const missing = listNeverHappened(totals)
  const seconds = (performance.now() - startedAt) / 1000
  print({ options, seeds, broken, missing, totals, seconds })
  const [first] = broken
  if (first !== undefined) await tellStory(first.seed, options)
  return broken.length === 0 && missing.length === 0 ? 0 : 1
}

interface Results {
  readonly options: RunOptions
  readonly seeds: number
  readonly broken: readonly SeedReport[]
  readonly missing: readonly string[]
  readonly totals: ReadonlyMap<string, number>
  readonly seconds: number
}

function print({ options, seeds, broken, missing, totals, seconds }: Results): void {
  const counts = Object.fromEntries([...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const exchanges = totals.get('exchanges') ?? 0
  const idle = totals.get('idle exchanges') ?? 0
  if (options.asJson) {
    const facts = {
      exchanges,
      idle,
      violations: broken.length,
      seconds: Math.round(seconds),
      seeds,
      firstSeed: options.seed,
    }
    const seen = broken.map(({ seed, failures }) => ({ seed, failures }))
    console.log(JSON.stringify({ ...facts, neverHappened: missing, counts, broken: seen }, null, 2))
    return
  }
  for (const [what, count] of Object.entries(counts)) console.log(`${String(count).padStart(9)}  ${what}`)
  for (const { seed, failures } of broken) {
    const texts = failures.slice(0, 3).map(({ invariant, text }) => `${invariant} ${text}`)
    console.log(`seed ${seed}: ${texts.join('; ')}`)
  }
  for (const what of missing) console.log(`never happened: ${what}`)
  console.log(
    `${exchanges} exchanges (and ${idle} idle ones) in ${seeds} seeds, ${broken.length} with a broken promise, ${seconds.toFixed(0)} s`,
  )
}

/** The first broken seed, made as small as it goes, as a story. */
async function tellStory(seed: number, { record, store }: RunOptions): Promise<void> {
  console.error(`\nMaking seed ${seed} smaller …`)
  const { plan, result } = await shrink(makePlan(seed, { store }))
  console.error(`${plan.steps.length} steps are left:\n`)
  for (const line of result.story) console.error(`  ${line}`)
  if (record === null) return
  const invariants = [...new Set(result.failures.map(({ invariant }) => invariant))]
  await writeRecording(record, { about: '', invariants, plan })
  console.error(`\nRecorded in ${record}.`)
}
