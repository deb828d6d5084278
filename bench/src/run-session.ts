import { rm } from 'node:fs/promises'
import type { Page } from 'playwright'
import type { BenchPage } from '../shared/bench-page.ts'
import { CONTESTANTS } from '../shared/contestants.ts'
import { type Place, changePlace, mostPopulous } from '../shared/place.ts'
import { compareAll, compareCount, compareQuery, pickPlaces } from './checker.ts'
import { type Device, openDevice } from './device.ts'
import type { Workload } from './options.ts'
import type { PlannedSession } from './plan.ts'
import { readRendererPeak } from './renderer-memory.ts'
import type { Check, Measure, Sample } from './sample.ts'
import { type ServerProcess, type ServerSetting, startServer } from './server-process.ts'
import { median } from './statistics.ts'
import { watchWorkerHeap } from './worker-heap.ts'
import { type MeasureProfile, profileWorkers } from './worker-profile.ts'

declare global {
  /** What the page offers; see {@link BenchPage}. */
  // `var`, since only that declares a property of the global object.
  var bench: BenchPage
}

/** What a session runs with. */
export interface SessionSetting {
  readonly planned: PlannedSession
  readonly workloads: readonly Workload[]
  readonly server: ServerSetting
  /** Folder of the browser's profile; removed first. */
  readonly profile: string
  /** What the server begins with. */
  readonly places: readonly Place[]
  /** Fewer repetitions of single writes. */
  readonly isQuick: boolean
  /** The worker's time is looked at, which takes time itself. */
  readonly isProfiled: boolean
}

/** What a session found. */
export interface SessionResult {
  readonly samples: readonly Sample[]
  readonly checks: readonly Check[]
  readonly profiles: readonly MeasureProfile[]
}

/** Repetitions of a single write: whole runs and quick ones. */
const WRITES = { whole: 100, quick: 30 } as const
/** Own writes into a live query. */
const LIVE_WRITES = { whole: 30, quick: 10 } as const
/** A session that takes longer has stopped: the slowest contestant needs a fifth of it on an idle machine. */
const LIMIT_MS = 120_000
const LIMIT_MS_PER_RECORD = 10
/** A population above all real ones, so that a written record enters the query's answer. */
const ABOVE_ALL = 100_000_000

/**
 * One contestant, one size, one profile: first sync, then what is done with the records that it brought. Every step is checked right
 * after it, against the source or against the server, so what was timed is what was done.
 */
export async function runSession(setting: SessionSetting): Promise<SessionResult> {
  const session = new Session(setting)
  await rm(setting.profile, { recursive: true, force: true })
  session.server = await startServer(setting.server)
  try {
    await within(session.run(), LIMIT_MS + setting.places.length * LIMIT_MS_PER_RECORD)
  } finally {
    await session.device?.close()
    await session.server.stop()
    await rm(setting.profile, { recursive: true, force: true })
  }
  return session
}

async function within(work: Promise<void>, limitMs: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`still not done after ${limitMs / 1_000} s`)), limitMs)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

class Session implements SessionResult {
  readonly samples: Sample[] = []
  readonly checks: Check[] = []
  readonly profiles: MeasureProfile[] = []
  server!: ServerProcess
  device: Device | null = null
  readonly #setting: SessionSetting
  /** The records as they must be by now. */
  readonly #placeById: Map<string, Place>

  constructor(setting: SessionSetting) {
    this.#setting = setting
    this.#placeById = new Map(setting.places.map((place) => [place.id, place]))
  }

  async run(): Promise<void> {
    const { role, contestant } = this.#setting.planned
    await this.#firstSync()
    if (CONTESTANTS[contestant].scope === 'first-sync') return
    if (this.#asksFor('W2')) await this.#openAgain()
    const isMain = role === 'main' || role === 'whole'
    if (isMain && this.#asksFor('W3', 'W4')) await this.#write()
    if (isMain && this.#asksFor('W4')) await this.#pushMore()
    if (isMain && this.#asksFor('W5')) await this.#pull()
    if ((role === 'query' || role === 'whole') && this.#asksFor('W6')) await this.#watch()
    if (isMain && this.#asksFor('W7') && contestant === 'ours') await this.#probe()
  }

  async #firstSync(): Promise<void> {
    const page = await this.#openPage('none')
    const { ms, blockedMs } = await this.#profiled('W1 first sync', page, () => {
      return page.evaluate(() => globalThis.bench.firstSync())
    })
    this.#measured('W1 first sync', ms)
    this.#measured('W7 page blocked in first sync', blockedMs)
    const peak = await readRendererPeak(this.#setting.profile)
    if (peak !== undefined) this.#measured('memory of the renderer, peak', peak)
    await this.#checkRecords(page, 'W1')
  }

  async #openAgain(): Promise<void> {
    const page = await this.#openPage('query')
    await this.#checkAnswer(page, 'W1: stored')
    const answered = await this.#profiled('W2 reload to 100 rows', page, async () => {
      await page.reload()
      await this.#harness(page)
      return this.#checkAnswer(page, 'W2 reload')
    })
    this.#measured('W2 reload to 100 rows', answered)
    await this.#closeDevice()
    const restarted = await this.#openPage('query')
    this.#measured('W2 restart to 100 rows', await this.#checkAnswer(restarted, 'W2 restart'))
    await this.#checkRecords(restarted, 'W2')
  }

  /** Offline: single writes, then 1,000 at once; after each promise a reload must show them. Then they are pushed. */
  async #write(): Promise<void> {
    await this.server.setGate(false)
    const count = WRITES[this.#setting.isQuick ? 'quick' : 'whole']
    const single = this.#change(count, 'single')
    const page = await this.#openPage('query')
    await this.#answered(page)
    const times = await this.#profiled('W3 one write stored, p50', page, () => {
      return page.evaluate((places) => globalThis.bench.putEach(places), single)
    })
    await this.#checkSingle(page, single.slice(-1), 'W3 one write')
    // `!`: there are times.
    this.#measured('W3 one write stored, p50', median(times)!)
    // Fewer if there are fewer records: the same record twice in one push would be a smaller one.
    const thousand = this.#change(Math.min(1_000, this.#setting.places.length), 'thousand')
    const ms = await this.#profiled('W3 1,000 writes stored', page, () => {
      return page.evaluate((places) => globalThis.bench.putTogether(places), thousand)
    })
    await this.#checkAfterReload(page, thousand, 'W3 1,000 writes')
    this.#measured('W3 1,000 writes stored', ms)
    this.#measured('W4 push 1,000', await this.#push(page, thousand, 'W4 push 1,000'))
  }

  async #pushMore(): Promise<void> {
    // Ten times a smaller set would be the same records again.
    if (this.#setting.places.length < 10_000 || this.#setting.isQuick) return
    await this.server.setGate(false)
    const page = await this.#openPage('query')
    await this.#answered(page)
    const places = this.#change(10_000, 'ten-thousand')
    for (let from = 0; from < places.length; from += 1_000) {
      await page.evaluate((some) => globalThis.bench.putTogether(some), places.slice(from, from + 1_000))
    }
    this.#measured('W4 push 10,000', await this.#push(page, places, 'W4 push 10,000'))
  }

  async #pull(): Promise<void> {
    const page = await this.#openPage('query')
    await this.#answered(page)
    // What it has pushed itself comes back to some of them: that is not what is measured.
    await page.evaluate(() => globalThis.bench.catchUp())
    for (const [count, measure] of [
      [100, 'W5 pull 100'],
      [1_000, 'W5 pull 1,000'],
    ] as const) {
      const expected = this.#setting.places.slice(0, count).map((place) => changePlace(place, measure))
      const ms = await this.#profiled(measure, page, () => {
        return page.evaluate(([n, round]) => globalThis.bench.pull(n, round), [count, measure] as const)
      })
      this.#measured(measure, ms)
      for (const place of expected) this.#placeById.set(place.id, place)
      const found = await page.evaluate(
        (ids) => globalThis.bench.get(ids),
        expected.map(({ id }) => id),
      )
      this.#check(measure, compareAll(expected, found))
    }
    await this.#checkRecords(page, 'W5')
  }

  async #watch(): Promise<void> {
    await this.server.setGate(false)
    const page = await this.#openPage('query')
    await this.#answered(page)
    const places = this.#change(LIVE_WRITES[this.#setting.isQuick ? 'quick' : 'whole'], 'live', ABOVE_ALL)
    const times = await this.#profiled('W6 own write to live query, p50', page, () => {
      return page.evaluate((some) => globalThis.bench.writeIntoQuery(some), places)
    })
    // `!`: there are times.
    this.#measured('W6 own write to live query, p50', median(times)!)
    await this.#checkSingle(page, places.slice(-1), 'W6')
    await this.server.setGate(true)
  }

  /** A first sync of its own, on an empty profile, with local writes meanwhile: they would change the times of the other one. */
  async #probe(): Promise<void> {
    await this.#closeDevice()
    await rm(this.#setting.profile, { recursive: true, force: true })
    await this.server.setGate(true)
    const page = await this.#openPage('none')
    const heap = await watchWorkerHeap(page)
    // `!`: there are records.
    const { writes, waitsMs } = await page.evaluate(
      (template) => globalThis.bench.probeFirstSync(template),
      this.#setting.places[0]!,
    )
    const peak = await heap.stop()
    this.#measured('W7 longest local write in first sync', Math.max(...waitsMs))
    if (peak !== undefined) this.#measured('memory of the worker, peak heap', peak)
    this.#check('W7: on the server', compareAll(writes, await this.server.read(writes.map(({ id }) => id))))
    const count = await page.evaluate(() => globalThis.bench.count())
    this.#check('W7: count', compareCount(this.#placeById.size + writes.length, count))
  }

  async #push(page: Page, places: readonly Place[], workload: Measure): Promise<number> {
    const ms = await this.#profiled(workload, page, () => page.evaluate(() => globalThis.bench.push()))
    this.#check(workload, compareAll(places, await this.server.read(places.map(({ id }) => id))))
    return ms
  }

  /** What the page answers to the query by itself after it was loaded, checked; the time since the navigation. */
  async #checkAnswer(page: Page, workload: string): Promise<number> {
    const { ms, places } = await page.evaluate(() => globalThis.bench.firstAnswer)
    this.#check(workload, compareQuery(mostPopulous(this.#placeById.values()), places, this.#placeById))
    return ms
  }

  async #answered(page: Page): Promise<void> {
    await page.evaluate(() => globalThis.bench.firstAnswer.then(() => undefined))
  }

  /** A promise of a single write that is answered from memory is told apart by the tables; then it is only seen whether memory has it. */
  async #checkSingle(page: Page, places: readonly Place[], workload: string): Promise<void> {
    if (CONTESTANTS[this.#setting.planned.contestant].promisesStorage)
      await this.#checkAfterReload(page, places, workload)
    else await this.#checkPlaces(page, places, workload)
  }

  async #checkAfterReload(page: Page, places: readonly Place[], workload: string): Promise<void> {
    await page.reload()
    await this.#harness(page)
    await this.#answered(page)
    await this.#checkPlaces(page, places, workload)
  }

  async #checkPlaces(page: Page, places: readonly Place[], workload: string): Promise<void> {
    const found = await page.evaluate(
      (ids) => globalThis.bench.get(ids),
      places.map(({ id }) => id),
    )
    this.#check(workload, compareAll(places, found))
  }

  async #checkRecords(page: Page, workload: string): Promise<void> {
    this.#check(
      `${workload}: count`,
      compareCount(this.#placeById.size, await page.evaluate(() => globalThis.bench.count())),
    )
    const expected = pickPlaces([...this.#placeById.values()], this.#setting.planned.session)
    const found = await page.evaluate(
      (ids) => globalThis.bench.get(ids),
      expected.map(({ id }) => id),
    )
    this.#check(`${workload}: records`, compareAll(expected, found))
  }

  /** Records from the end of the set as they are to be written. */
  #change(count: number, round: string, more = 0): Place[] {
    const places = this.#setting.places.slice(-count).map((place, index) => {
      const changed = changePlace(this.#placeById.get(place.id) ?? place, round)
      return more === 0 ? changed : { ...changed, population: more + index }
    })
    for (const place of places) this.#placeById.set(place.id, place)
    return places
  }

  async #openPage(task: 'none' | 'query'): Promise<Page> {
    this.device ??= await openDevice(this.#setting.profile)
    const { page } = this.device
    await page.goto(`${this.server.url}/?contestant=${this.#setting.planned.contestant}&task=${task}`)
    await this.#harness(page)
    return page
  }

  /** The page's module has run. */
  async #harness(page: Page): Promise<void> {
    await Promise.race([page.waitForFunction(() => 'bench' in globalThis), this.device?.failed])
  }

  async #closeDevice(): Promise<void> {
    await this.device?.close()
    this.device = null
  }

  async #profiled<T>(measure: Measure, page: Page, work: () => Promise<T>): Promise<T> {
    if (!this.#setting.isProfiled) return work()
    const watch = await profileWorkers(page)
    const result = await work()
    this.profiles.push({ measure, ...(await watch.stop()) })
    return result
  }

  #asksFor(...workloads: readonly Workload[]): boolean {
    return workloads.some((workload) => this.#setting.workloads.includes(workload))
  }

  #measured(measure: Measure, value: number): void {
    const { contestant, records, session } = this.#setting.planned
    this.samples.push({ contestant, records, session, measure, value })
  }

  #check(workload: string, problem: string | null): void {
    const { contestant, records, session } = this.#setting.planned
    this.checks.push({ contestant, records, session, workload, hasPassed: problem === null, detail: problem ?? '' })
    if (problem !== null) console.error(`  ${contestant} at ${records} failed ${workload}: ${problem.slice(0, 300)}`)
  }
}
