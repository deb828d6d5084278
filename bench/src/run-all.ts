import { cp, mkdir, rm } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { makePlaces } from '../server/places.ts'
import { CONTESTANTS, type ContestantName } from '../shared/contestants.ts'
import { measureClient, siteFolder } from './build-site.ts'
import type { Options } from './options.ts'
import { type PlannedSession, estimateSeconds } from './plan.ts'
import { runSession } from './run-session.ts'
import { type Check, type Sample, withoutFailed } from './sample.ts'
import { seedServer } from './server-process.ts'
import { type Verdict, judgeTargets } from './targets.ts'
import type { MeasureProfile } from './worker-profile.ts'

/** What a run found, raw samples and all. */
export interface RunResult {
  /** When it began, ISO 8601. */
  readonly startedAt: string
  readonly minutes: number
  readonly machine: { readonly cores: number; readonly model: string; readonly node: string }
  readonly options: Options
  readonly samples: readonly Sample[]
  readonly checks: readonly Check[]
  /** Sessions that ended in an error. */
  readonly broken: readonly { readonly session: PlannedSession; readonly error: string }[]
  /** Sessions that the time limit left out. */
  readonly leftOut: number
  readonly verdicts: readonly Verdict[]
  /** Where the worker's time went; none unless it was asked for. */
  readonly profiles: readonly MeasureProfile[]
}

const MINUTE_MS = 60_000

/** Runs the sessions one after the other. */
export async function runAll(
  sessions: readonly PlannedSession[],
  options: Options,
  folder: string,
): Promise<RunResult> {
  const startedAtMs = performance.now()
  const startedAt = new Date().toISOString()
  const samples: Sample[] = await measureClients(options.contestants)
  const checks: Check[] = []
  const profiles: MeasureProfile[] = []
  const broken: { session: PlannedSession; error: string }[] = []
  const prepare = createSeeds(folder)
  let done = 0
  for (const planned of sessions) {
    if (performance.now() - startedAtMs > options.minutes * MINUTE_MS) break
    const left = Math.round(estimateSeconds(sessions.slice(done)) / 60)
    done += 1
    const { contestant, records, session } = planned
    const sessionAtMs = performance.now()
    try {
      const result = await runSession({
        planned,
        workloads: options.workloads,
        server: await prepare(contestant, records),
        profile: join(folder, 'profile'),
        places: makePlaces(records),
        isQuick: options.isQuick,
        isProfiled: options.isProfiled,
      })
      samples.push(...result.samples)
      checks.push(...result.checks)
      profiles.push(...result.profiles)
    } catch (error) {
      const [text = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
      console.error(`  ${contestant} at ${records} broke: ${text}`)
      broken.push({ session: planned, error: text })
    }
    const seconds = (performance.now() - sessionAtMs) / 1_000
    const name = `${contestant} ${records.toLocaleString('en')} #${session}`
    console.error(`[${done}/${sessions.length}] ${name}: ${seconds.toFixed(1)} s, about ${left} min left`)
  }
  const [core] = cpus()
  return {
    startedAt,
    minutes: (performance.now() - startedAtMs) / MINUTE_MS,
    machine: { cores: cpus().length, model: core?.model ?? '', node: process.version },
    options,
    samples,
    checks,
    broken,
    leftOut: sessions.length - done,
    verdicts: judgeTargets(withoutFailed(samples, checks)),
    profiles,
  }
}

async function measureClients(contestants: readonly ContestantName[]): Promise<Sample[]> {
  const sizes = contestants.map(async (contestant) => {
    const value = await measureClient(contestant)
    return { contestant, records: 0, session: 1, measure: 'W8 client, gzip', value } as const
  })
  return Promise.all(sizes)
}

/** Fills a server once for each kind and size, and hands out copies: each session begins with the same files. */
function createSeeds(
  folder: string,
): (contestant: ContestantName, records: number) => Promise<Parameters<typeof seedServer>[0]> {
  const filled = new Set<string>()
  return async (contestant, records) => {
    const { server: kind } = CONTESTANTS[contestant]
    const seed = { kind, data: join(folder, `seed-${kind}-${records}`), site: siteFolder, records }
    if (!filled.has(seed.data)) {
      await rm(seed.data, { recursive: true, force: true })
      await mkdir(seed.data)
      await seedServer(seed)
      filled.add(seed.data)
    }
    const data = join(folder, 'data')
    await rm(data, { recursive: true, force: true })
    await cp(seed.data, data, { recursive: true })
    return { ...seed, data }
  }
}
