import { Progress } from '../cli/progress.ts'
import { LANES, type Place } from './lanes.ts'

/** Broken places of one lane that are printed. */
const MAX_PRINTED = 3

/** How the lanes are run. */
export interface ExhaustiveOptions {
  /** Minutes for all lanes; a lane that does not come to its end says how far it came. Null: no bound. */
  readonly minutes: number | null
  readonly asJson: boolean
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
    let isWhole = true
    for await (const place of lane.run()) {
      places += 1
      if (place.broken.length > 0) broken.push(place)
      progress.show(index, `, ${lane.name}: ${places} places`)
      if (performance.now() > laneEndsAt) {
        isWhole = false
        break
      }
    }
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
