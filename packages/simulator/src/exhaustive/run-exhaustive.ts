import { Worker } from 'node:worker_threads'
import { Progress } from '../cli/progress.ts'
import { LANES, type Place } from './lanes.ts'
import type { LaneNews, LaneTask } from './worker.ts'

/** Broken places of one lane that are printed. */
const MAX_PRINTED = 3

/** How the lanes are run. */
export interface ExhaustiveOptions {
  /** Minutes for all lanes; a lane that does not come to its end says how far it came. Null: no bound. */
  readonly minutes: number | null
  readonly asJson: boolean
  /** Workers that share the places of each lane. */
  readonly jobs: number
}

/** One share of a lane, in a worker; true: it came to its end. */
function runShare(task: LaneTask, take: (place: Place) => void): Promise<boolean> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: task })
  return new Promise((resolve, reject) => {
    worker.on('error', reject)
    worker.on('message', (news: LaneNews) => {
      if (news.type === 'place') take(news.place)
      else resolve(news.isWhole)
    })
  })
}

/** Runs all exhaustive lanes; 0: no place broke a promise. */
export async function runExhaustive(options: ExhaustiveOptions): Promise<number> {
  const startedAt = performance.now()
  const endsAt = options.minutes === null ? Infinity : startedAt + options.minutes * 60_000
  const results: { name: string; places: number; isWhole: boolean; broken: readonly Place[]; seconds: number }[] = []
  const progress = new Progress(LANES.length, 'lanes')
  for (const [index, lane] of LANES.entries()) {
    const laneStartedAt = performance.now()
    // The time that is left is shared out among the lanes that are left.
    const laneEndsAt = laneStartedAt + (endsAt - laneStartedAt) / (LANES.length - index)
    const broken: Place[] = []
    let places = 0
    const take = (place: Place): void => {
      places += 1
      if (place.broken.length > 0) broken.push(place)
      progress.show(index, `, ${lane.name}: ${places} places`)
    }
    const endsAtMs = Date.now() + (laneEndsAt - laneStartedAt)
    const ends = await Promise.all(
      Array.from({ length: options.jobs }, (_, job) =>
        runShare({ lane: index, share: { index: job, of: options.jobs }, endsAtMs }, take),
      ),
    )
    const isWhole = ends.every(Boolean)
    results.push({ name: lane.name, places, isWhole, broken, seconds: (performance.now() - laneStartedAt) / 1000 })
  }
  progress.end()
  if (options.asJson) console.log(JSON.stringify(results, null, 2))
  for (const { name, places, isWhole, broken, seconds } of options.asJson ? [] : results) {
    const extent = isWhole ? `${places} places, all` : `${places} places, stopped by the time limit`
    console.log(`${name}: ${extent}; ${broken.length} broken; ${seconds.toFixed(0)} s`)
    for (const { place, broken: what } of broken.slice(0, MAX_PRINTED)) console.log(`  ${place}: ${what.join('; ')}`)
  }
  return results.every(({ broken }) => broken.length === 0) ? 0 : 1
}
