import { loadavg } from 'node:os'
import { join } from 'node:path'
import { DiskProbe } from './disk-probe.ts'
import type { Fleet, FleetFigures } from './generator/fleet.ts'
import { inParallel } from './generator/in-parallel.ts'
import { atRate } from './generator/pace.ts'
import type { Replica } from './generator/replica.ts'
import type { Percentiles } from './histogram.ts'
import { type CountedDatabase, countRows, type RowCounts } from './rows.ts'
import type { Snapshot } from './server/messages.ts'
import type { ServerProcess } from './server/server-process.ts'

/** Writes of one push: 1 to 3. */
const MAX_WRITES = 3
/** Between two looks at memory and rows. */
const LOOK_MS = 5_000
/** An outage's clients are back within so many milliseconds. */
const HERD_MS = 5_000
/** First pause of a client whose exchange failed; doubles, with full jitter. */
const RETRY_MS = 1_000
const MAX_RETRY_MS = 15_000
/** A herd that has not converged by then has failed. */
const HERD_LIMIT_MS = 300_000

/** Memory and rows at one moment. */
export interface Look {
  readonly second: number
  readonly rssMiB: number
  readonly heapMiB: number
  readonly rows: RowCounts
}

/** What came of a measured time. */
export interface Measured {
  readonly offeredPerSecond: number
  readonly answeredPerSecond: number
  /** Turns that were left out because every replica was still busy. */
  readonly skipped: number
  /** Most runs under way at once. */
  readonly mostUnderWay: number
  /** Of PostgreSQL's processes, in cores; null: the database is in the server's own process. */
  readonly databaseCpu: number | null
  /** A small write brought to the disk, beside the measurement. */
  readonly diskMs: Percentiles
  /** Processes that wanted a core, over the last minute. */
  readonly loadAverage: number
  readonly server: Snapshot
  readonly fleet: FleetFigures
  readonly looks: readonly Look[]
  /** What the server held before and after, its garbage collected. */
  readonly held: { readonly beforeMiB: number; readonly afterMiB: number }
}

/** Everything that a phase works with. */
export interface Stage extends CountedDatabase {
  readonly fleet: Fleet
  readonly server: ServerProcess
  /** A folder on the disk that the database is on. */
  readonly folder: string
}

/** Exchanges at a rate for a time; `withLooks`: memory and rows are looked at now and then. */
export async function measure(
  stage: Stage,
  load: {
    readonly perSecond: number
    readonly seconds: number
    readonly pushShare: number
    readonly withLooks: boolean
  },
): Promise<Measured> {
  const { fleet, server, folder } = stage
  const { perSecond, seconds, pushShare } = load
  const before = await server.snapshot(true, true)
  fleet.read(true)
  const looks: Look[] = []
  const startedAt = performance.now()
  const look = async (): Promise<void> => {
    const { rssMiB, heapMiB } = await server.snapshot(false)
    const second = Math.round((performance.now() - startedAt) / 1_000)
    looks.push({ second, rssMiB, heapMiB, rows: await countRows(stage) })
  }
  if (load.withLooks) await look()
  const looking = load.withLooks ? setInterval(() => void look(), LOOK_MS) : undefined
  const disk = new DiskProbe(join(folder, 'probe'))
  disk.start()
  const cpuBefore = (await stage.cluster?.cpuSeconds()) ?? 0
  let [skipped, mostUnderWay] = [0, 0]
  await atRate(perSecond, seconds * 1_000, (dueAt) => {
    const replica = fleet.pick()
    if (replica === null) {
      skipped += 1
      return
    }
    if (Math.random() < pushShare) replica.write(1 + Math.floor(Math.random() * MAX_WRITES))
    void fleet.run(replica, dueAt)
    mostUnderWay = Math.max(mostUnderWay, fleet.underWay)
  })
  clearInterval(looking)
  const diskMs = await disk.stop()
  await fleet.untilCalm()
  const cpuAfter = await stage.cluster?.cpuSeconds()
  const elapsedMs = performance.now() - startedAt
  const [snapshot, figures] = [await server.snapshot(false), fleet.read(false)]
  const after = await server.snapshot(false, true)
  const answeredPerSecond = Math.round(figures.exchanges / seconds)
  return {
    offeredPerSecond: Math.round(perSecond),
    answeredPerSecond,
    skipped,
    mostUnderWay,
    databaseCpu: cpuAfter === undefined ? null : Math.round(((cpuAfter - cpuBefore) / elapsedMs) * 100_000) / 100,
    diskMs,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    server: snapshot,
    fleet: figures,
    looks,
    held: { beforeMiB: before.heapMiB + before.externalMiB, afterMiB: after.heapMiB + after.externalMiB },
  }
}

/** How a fleet came to rest. */
export interface Converged {
  readonly seconds: number
  readonly failedAttempts: number
  readonly differingSpaces: number
  readonly pending: number
}

/** Everybody exchanges once more, in turn: writes that wait are sent, then all read what the others wrote. */
export async function settle({ fleet }: Stage): Promise<Converged> {
  const startedAt = performance.now()
  let failedAttempts = 0
  const run = async (replica: Replica): Promise<void> => {
    if (!(await fleet.run(replica))) failedAttempts += 1
  }
  await inParallel(
    fleet.replicas.filter(({ pending }) => pending > 0),
    32,
    run,
  )
  await inParallel(fleet.replicas, 32, run)
  const { spaces, pending } = fleet.countDiffering()
  return { seconds: secondsSince(startedAt), failedAttempts, differingSpaces: spaces, pending }
}

/** How a herd came back. */
export interface Herd extends Converged {
  readonly server: Snapshot
  readonly fleet: FleetFigures
  /** Until each has had its first exchange and its stream. */
  readonly returnedSeconds: number
}

/**
 * The thundering herd: the server dies, clients write meanwhile, it comes back, and all of them return within five seconds: an exchange
 * and the nudge stream. Who fails tries again, as the product's initiator does. Then everybody reads what the others sent.
 */
export async function herd(stage: Stage, writeShare: number): Promise<Herd> {
  const { fleet, server } = stage
  const streams = fleet.openStreams
  await server.kill()
  fleet.read(true)
  for (const replica of fleet.replicas) if (Math.random() < writeShare) replica.write(1)
  await server.start()
  const startedAt = performance.now()
  let failedAttempts = 0
  const isOver = (): boolean => performance.now() - startedAt > HERD_LIMIT_MS
  const comeBack = async (replica: Replica, index: number): Promise<void> => {
    await pause(Math.random() * HERD_MS)
    for (let retryMs = RETRY_MS; !(await isBack(fleet, replica, index < streams)) && !isOver();) {
      failedAttempts += 1
      await pause(Math.random() * retryMs)
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2)
    }
  }
  await Promise.all(fleet.replicas.map(comeBack))
  const returnedSeconds = secondsSince(startedAt)
  const rest = await settle(stage)
  return {
    ...rest,
    seconds: secondsSince(startedAt),
    failedAttempts: failedAttempts + rest.failedAttempts,
    returnedSeconds,
    server: await server.snapshot(false),
    fleet: fleet.read(false),
  }
}

async function isBack(fleet: Fleet, replica: Replica, withStream: boolean): Promise<boolean> {
  if (!(await fleet.run(replica))) return false
  if (!withStream) return true
  return fleet.openStream(replica).then(
    () => true,
    () => false,
  )
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 100) / 10
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
