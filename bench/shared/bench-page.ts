import type { Place } from './place.ts'

/** What the first sync took. */
interface FirstSync {
  readonly ms: number
  /** The page's long tasks beyond 50 ms, summed. */
  readonly blockedMs: number
}

/** The first answer after the page was loaded. */
interface FirstAnswer {
  /** Milliseconds since the navigation began. */
  readonly ms: number
  readonly places: readonly Place[]
}

/** Local writes while the first sync runs. */
interface ProbedFirstSync {
  readonly writes: readonly Place[]
  /** How long each of them waited until it was stored. */
  readonly waitsMs: readonly number[]
}

/** What the page of every contestant offers to the runner, as `globalThis.bench`. All times are taken in the page. */
export interface BenchPage {
  /** Open the store and ask the query, as the page does by itself when its address says `task=query`. */
  readonly firstAnswer: Promise<FirstAnswer>
  firstSync(): Promise<FirstSync>
  /** Writes a place from time to time while the first sync runs. */
  probeFirstSync(template: Place): Promise<ProbedFirstSync>
  count(): Promise<number>
  get(ids: readonly string[]): Promise<(Place | undefined)[]>
  /** One write after the other; the time of each until it is stored. */
  putEach(places: readonly Place[]): Promise<number[]>
  /** All at once; the time until all are stored. */
  putTogether(places: readonly Place[]): Promise<number>
  /** Opens the server's gate and sends what was written while it was shut; the time until the server has accepted it. */
  push(): Promise<number>
  /** Lets the server change so many places, opens its gate and fetches them; the time until they are stored. */
  pull(count: number, round: string): Promise<number>
  /** Fetches what there is, untimed. */
  catchUp(): Promise<void>
  /** Own writes that enter a live query; the time of each until the query shows it. */
  writeIntoQuery(places: readonly Place[]): Promise<number[]>
}
