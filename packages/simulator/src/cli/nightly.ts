import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { makePlan } from '../plan.ts'
import { writeRecording } from '../recording.ts'
import { shrink } from '../shrink.ts'
import { simulatePlan } from '../simulate.ts'
import { listNeverHappened } from '../sometimes.ts'
import { runSeeds } from './pool.ts'
import type { SeedReport } from './seed-report.ts'

/** Milliseconds between two lines of progress. */
const LINE_MS = 15_000
/** Broken seeds that are made small and recorded; later ones are listed only, so that one bug does not eat the night. */
const MAX_RECORDED = 20

/** How a run without an end is made. */
export interface NightlyOptions {
  /** The first seed; others follow in order. */
  readonly seed: number
  readonly jobs: number
  /** Minutes after which it stops by itself; null: only a signal stops it. */
  readonly minutes: number | null
  readonly asJson: boolean
  /** The folder for candidates of regression files; made if it is not there. */
  readonly folder: string
}

/** A seed that broke a promise. */
interface Broken {
  readonly seed: number
  readonly failures: SeedReport['failures']
  /** Where the shrunk plan was recorded; null: it was not. */
  readonly file: string | null
}

/**
 * Runs seeds until SIGINT or SIGTERM, or until the minutes are over. A seed that breaks a promise is made small and recorded as a
 * candidate for `regressions/`, and the run goes on. 0: none did, and a run that was long enough came everywhere.
 */
export async function runNightly(options: NightlyOptions): Promise<number> {
  const startedAt = performance.now()
  const endsAt = options.minutes === null ? Infinity : startedAt + options.minutes * 60_000
  const totals = new Map<string, number>()
  const red: SeedReport[] = []
  let seeds = 0
  let shownAt = startedAt
  const stop = listenForStop()
  const recorder = new Recorder(options.folder)
  console.error(`seeds from ${options.seed} on; Ctrl-C ends it`)
  await runSeeds(options.seed, options.jobs, (report) => {
    seeds += 1
    for (const [what, count] of report.counts) totals.set(what, (totals.get(what) ?? 0) + count)
    if (report.failures.length > 0) {
      red.push(report)
      recorder.add(report)
      console.error(`seed ${report.seed}: ${report.failures[0]?.invariant} ${report.failures[0]?.text}`)
    }
    const now = performance.now()
    if (now - shownAt > LINE_MS) {
      shownAt = now
      const minutes = ((now - startedAt) / 60_000).toFixed(1)
      console.error(`${totals.get('exchanges') ?? 0} exchanges, ${seeds} seeds, ${red.length} broken, ${minutes} min`)
    }
    return now < endsAt && !stop.signal.aborted
  })
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  const broken = await recorder.end()
  stop.forget()
  const exchanges = totals.get('exchanges') ?? 0
  const neverHappened = listNeverHappened(totals)
  const idle = totals.get('idle exchanges') ?? 0
  const facts = { exchanges, idle, violations: red.length, seconds, seeds, firstSeed: options.seed, neverHappened }
  if (options.asJson) console.log(JSON.stringify({ ...facts, counts: sorted(totals), broken }, null, 2))
  else {
    for (const { seed, failures, file } of broken) {
      console.log(`seed ${seed}: ${failures[0]?.invariant} ${failures[0]?.text}; ${file ?? 'not recorded'}`)
    }
    for (const what of neverHappened) console.log(`never happened: ${what}`)
    console.log(`${exchanges} exchanges (and ${idle} idle ones) in ${seeds} seeds, ${red.length} broken, ${seconds} s`)
  }
  return red.length === 0 && neverHappened.length === 0 ? 0 : 1
}

/** The first signal asks for the end; the summary is still printed. A second one ends the process as always. */
function listenForStop(): { readonly signal: AbortSignal; readonly forget: () => void } {
  const controller = new AbortController()
  const abort = (): void => {
    controller.abort()
    forget()
  }
  const forget = (): void => {
    process.off('SIGINT', abort)
    process.off('SIGTERM', abort)
  }
  process.on('SIGINT', abort)
  process.on('SIGTERM', abort)
  return { signal: controller.signal, forget }
}

/** Makes broken seeds small and records them, one after the other, while the workers go on. */
class Recorder {
  readonly #folder: string
  readonly #broken: Broken[] = []
  #work: Promise<void> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Puts a seed in line. */
  add(report: SeedReport): void {
    this.#work = this.#recordAfter(this.#work, report)
  }

  async #recordAfter(earlier: Promise<void>, { seed, failures }: SeedReport): Promise<void> {
    await earlier
    const file = this.#broken.length < MAX_RECORDED ? await record(seed, this.#folder) : null
    this.#broken.push({ seed, failures, file })
  }

  /** Waits for those in line. */
  async end(): Promise<readonly Broken[]> {
    await this.#work
    return this.#broken
  }
}

/** Makes a seed small and records it. Null: alone it breaks nothing, so two runs of it differed. */
async function record(seed: number, folder: string): Promise<string | null> {
  console.error(`making seed ${seed} smaller …`)
  const { plan, result } = await shrink(makePlan(seed), async (tried) => {
    // A simulation never waits for the platform: without a pause nobody would hear the workers, or the signal.
    await setImmediate()
    return simulatePlan(tried)
  })
  const invariants = [...new Set(result.failures.map(({ invariant }) => invariant))]
  if (invariants.length === 0) return null
  await mkdir(folder, { recursive: true })
  const file = join(folder, `seed-${seed}.json`)
  await writeRecording(file, { about: `found by seed ${seed}`, invariants, plan })
  console.error(`seed ${seed} is recorded in ${file}`)
  return file
}

function sorted(totals: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
