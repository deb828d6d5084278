import type { Page } from 'playwright'
import type { Measure } from './sample.ts'
import { attachToWorkers } from './worker-targets.ts'

/** Microseconds between two samples: 1 ms is lost in what IndexedDB's events take, and 0.1 ms would be the load itself. */
const SAMPLE_EVERY_US = 200
/** Rows of a profile that are worth a look. */
const ROWS = 20
const US_PER_MS = 1_000

/** Where the processor time of a page's dedicated workers went. */
interface WorkerProfile {
  /** Milliseconds that the workers were looked at. */
  readonly ms: number
  /** Functions by the time spent in themselves, most first; `(idle)` is waiting, `(program)` the browser's own code. */
  readonly rows: readonly { readonly name: string; readonly ms: number }[]
}

/** The profile of what was measured. */
export interface MeasureProfile extends WorkerProfile {
  readonly measure: Measure
}

/** A profile under way. */
export interface ProfileWatch {
  stop(): Promise<WorkerProfile>
}

/** What the DevTools protocol's `Profiler.stop` gives, as far as it is used here. */
export interface RawProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples?: readonly number[]
  readonly timeDeltas?: readonly number[]
}

interface CallFrame {
  readonly functionName: string
  readonly lineNumber: number
}

/** Samples the page's workers, those that are there and those that it starts. */
export async function profileWorkers(page: Page): Promise<ProfileWatch> {
  const targets = await attachToWorkers(page, async ({ ask }, sessionId) => {
    await ask(sessionId, 'Profiler.enable')
    await ask(sessionId, 'Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US })
    await ask(sessionId, 'Profiler.start')
  })
  return {
    stop: async () => {
      const profiles: RawProfile[] = []
      for (const sessionId of targets.sessionIds) {
        const stopped = (await targets.ask(sessionId, 'Profiler.stop')) as { readonly profile: RawProfile } | undefined
        if (stopped !== undefined) profiles.push(stopped.profile)
      }
      await targets.detach()
      return summarizeProfiles(profiles)
    },
  }
}

/** Adds up what the functions of some profiles spent in themselves; those of one name are one. */
export function summarizeProfiles(profiles: readonly RawProfile[]): WorkerProfile {
  const msByName = new Map<string, number>()
  let ms = 0
  for (const { nodes, samples = [], timeDeltas = [] } of profiles) {
    const nameById = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
    for (const [index, id] of samples.entries()) {
      const spent = (timeDeltas[index] ?? 0) / US_PER_MS
      const name = nameById.get(id) ?? ''
      msByName.set(name, (msByName.get(name) ?? 0) + spent)
      ms += spent
    }
  }
  const rows = [...msByName].map(([name, own]) => ({ name, ms: own })).toSorted((one, other) => other.ms - one.ms)
  return { ms, rows: rows.slice(0, ROWS) }
}

/** Names come from a build that is not minified; what has none is told by its line. */
function nameOf({ functionName, lineNumber }: CallFrame): string {
  return functionName === '' ? `line ${lineNumber + 1}` : functionName
}
