import type { Percentiles } from './histogram.ts'
import type { LoadOptions } from './options.ts'
import type { Converged, Herd, Look, Measured } from './phases.ts'

/** Everything that a run has found. */
export interface LoadReport {
  readonly options: LoadOptions
  /** The last ones of the first syncs, with all streams open. */
  readonly setUpSeconds: number
  readonly measured: readonly Measured[]
  readonly settled: Converged
  readonly herd: Herd | null
  readonly targets: readonly Target[]
}

/** A figure that was asked for. */
export interface Target {
  readonly name: string
  readonly wanted: string
  readonly found: string
  readonly isMet: boolean
}

/** Milliseconds that the server's own p99 may have. */
export function maxP99Ms(storage: LoadOptions['storage']): number {
  return storage === 'sqlite' ? 100 : 150
}

/** Seconds in which a herd must have converged. */
const MAX_HERD_SECONDS = 120
/**
 * Memory may have grown by so much: what the process takes of the system, from the first third of the time to the last, and what it holds
 * when its garbage is collected. The first also says how lazily V8 collects, the second alone whether something is kept for ever.
 */
const MAX_GROWTH = 1.15

/** Compares what was found with what was asked for. In a climb the last step is meant to fail: nothing is asked of it. */
export function judge(report: Omit<LoadReport, 'targets'>): Target[] {
  const { options, measured, settled, herd } = report
  const [steady] = measured
  const targets: Target[] = []
  if (steady !== undefined) {
    const limit = maxP99Ms(options.storage)
    const { p99 } = steady.server.ownMs
    const wantedRate = steady.offeredPerSecond * 0.95
    targets.push(
      target(
        'exchanges a second',
        `≥ ${Math.round(wantedRate)}`,
        steady.answeredPerSecond,
        steady.answeredPerSecond >= wantedRate,
      ),
      target('the server’s own p99, ms', `≤ ${limit}`, p99, p99 <= limit),
      target('errors', '0', countErrors(steady), countErrors(steady) === 0),
    )
    const growth = rssGrowth(steady.looks)
    if (growth !== null)
      targets.push(target('memory, end : first third', `≤ ${MAX_GROWTH}`, growth, growth <= MAX_GROWTH))
    const heldGrowth = ratio(steady.held.afterMiB, steady.held.beforeMiB)
    targets.push(target('memory held, after : before', `≤ ${MAX_GROWTH}`, heldGrowth, heldGrowth <= MAX_GROWTH))
  }
  const rest = herd ?? settled
  targets.push(
    target('spaces that differ', '0', rest.differingSpaces, rest.differingSpaces === 0),
    target('writes that still wait', '0', rest.pending, rest.pending === 0),
  )
  if (herd !== null)
    targets.push(target('herd converged, s', `≤ ${MAX_HERD_SECONDS}`, herd.seconds, herd.seconds <= MAX_HERD_SECONDS))
  return targets
}

/** Prints it for people. */
export function print(report: LoadReport): void {
  const { options, measured, settled, herd, targets } = report
  console.log(
    `${options.scenario} on ${options.storage}: ${options.clients} clients, ${options.members} in a space, ` +
      `${options.streams} streams; set up in ${report.setUpSeconds} s`,
  )
  for (const step of measured) printStep(step)
  console.log(
    `settled in ${settled.seconds} s, ${settled.differingSpaces} spaces differ, ${settled.pending} writes wait`,
  )
  if (herd !== null) {
    console.log(
      `herd: all back after ${herd.returnedSeconds} s, converged after ${herd.seconds} s, ${herd.failedAttempts} attempts failed`,
    )
    console.log(`  as clients see:   ${line(herd.fleet.seenMs)}; ${herd.fleet.faults.join('; ')}`)
    console.log(`  the server’s own: ${line(herd.server.ownMs)} · memory ${herd.server.rssMiB} MiB`)
  }
  for (const { name, wanted, found, isMet } of targets)
    console.log(`${isMet ? 'met   ' : 'MISSED'} ${name}: ${found} (${wanted})`)
}

function printStep({
  offeredPerSecond,
  answeredPerSecond,
  mostUnderWay,
  databaseCpu,
  diskMs,
  loadAverage,
  server,
  fleet,
  looks,
  held,
}: Measured): void {
  console.log(
    `offered ${offeredPerSecond}/s, answered ${answeredPerSecond}/s, at most ${mostUnderWay} at once, ${fleet.errors} errors`,
  )
  console.log(`  the disk alone:   ${line(diskMs)}; load average ${loadAverage}`)
  console.log(`  the server’s own: ${line(server.ownMs)}`)
  console.log(`  to the commit:    ${line(server.commitMs)}`)
  console.log(`  as clients see:   ${line(fleet.seenMs)}`)
  console.log(
    `  idle ${fleet.idle}, pushes ${fleet.pushes}, pulls ${fleet.pulls}; ${fleet.changes} changes, ${fleet.accepted} accepted, ${fleet.nudges} nudges, ${fleet.resyncs} resyncs; ` +
      `cpu ${server.cpu}${databaseCpu === null ? '' : ` and ${databaseCpu} of the database`}, loop late p99 ${server.loopMs.p99} ms, cases ${JSON.stringify(server.exchangesByCase)}`,
  )
  console.log(`  memory held:      ${held.beforeMiB} MiB before, ${held.afterMiB} MiB after`)
  for (const fault of [...server.faults, ...fleet.faults]) console.log(`  fault: ${fault}`)
  for (const { second, rssMiB, heapMiB, rows } of looks) {
    console.log(`  ${String(second).padStart(4)} s: ${rssMiB} MiB (heap ${heapMiB}), rows ${JSON.stringify(rows)}`)
  }
}

function line({ count, p50, p90, p99, p999, max }: Percentiles): string {
  return `p50 ${p50} · p90 ${p90} · p99 ${p99} · p99.9 ${p999} · max ${max} ms (${count})`
}

function countErrors({ fleet, server }: Measured): number {
  return fleet.errors + fleet.refused + server.faults.length
}

/** The last third's mean by the first third's: a heap breathes. Null: too few looks. */
function rssGrowth(looks: readonly Look[]): number | null {
  const third = Math.floor(looks.length / 3)
  if (third === 0) return null
  return ratio(meanRss(looks.slice(-third)), meanRss(looks.slice(0, third)))
}

function meanRss(looks: readonly Look[]): number {
  return looks.reduce((sum, { rssMiB }) => sum + rssMiB, 0) / looks.length
}

function ratio(after: number, before: number): number {
  return Math.round((after / before) * 100) / 100
}

function target(name: string, wanted: string, found: number, isMet: boolean): Target {
  return { name, wanted, found: String(found), isMet }
}
