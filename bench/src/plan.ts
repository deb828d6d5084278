import { CONTESTANTS, type ContestantFacts, type ContestantName } from '../shared/contestants.ts'
import type { Options } from './options.ts'
import { interleave } from './statistics.ts'

/** One session to be run. */
export interface PlannedSession {
  readonly contestant: ContestantName
  readonly records: number
  readonly session: number
  /** What of the workloads this size stands for; see {@link planSessions}. */
  readonly role: SizeRole
}

/** `curve`: W1 and W2 only. `main`: all but W6. `query`: W1, W2 and W6. `whole`: all. */
type SizeRole = 'curve' | 'main' | 'query' | 'whole'

/** Writes, pushes and pulls are measured at this size, or the greatest below it. */
const MAIN_RECORDS = 100_000
/** Live queries are measured at this size, or else at that of the writes. */
const QUERY_RECORDS = 10_000
/** Seconds of a session before the first record: server, browser, page, twice. */
const SESSION_SECONDS = 4

/** The sessions of a run in their order. */
export function planSessions(options: Options): PlannedSession[] {
  return interleave(options.contestants, options.sizes, options.sessions)
    .filter(({ name, size }) => size <= CONTESTANTS[name].maxRecords)
    .map(({ name, size, session }) => ({
      contestant: name,
      records: size,
      session,
      role: roleOf(name, size, options.sizes),
    }))
}

/** Rough seconds that sessions take. */
export function estimateSeconds(sessions: readonly PlannedSession[]): number {
  return sessions.reduce((sum, { contestant, records, role }) => {
    const share = role === 'main' || role === 'whole' ? 1 : 0.6
    return sum + SESSION_SECONDS + (CONTESTANTS[contestant].secondsPer100k * records * share) / MAIN_RECORDS
  }, 0)
}

/** The plan in words, printed before it begins. */
export function describePlan(sessions: readonly PlannedSession[], options: Options): string {
  const lines = options.contestants.map((name) => {
    const own = sessions.filter(({ contestant }) => contestant === name)
    const sizes = [...new Set(own.map(({ records }) => records.toLocaleString('en')))].join(', ')
    return `  ${name.padEnd(11)} ${String(own.length).padStart(3)} sessions, about ${formatMinutes(estimateSeconds(own))} at ${sizes}`
  })
  const total = `${sessions.length} sessions, about ${formatMinutes(estimateSeconds(sessions))}; no session begins after ${
    options.minutes === Infinity ? 'the last one' : `${options.minutes} minutes`
  }`
  return [`The plan: ${total}`, ...lines].join('\n')
}

function roleOf(name: ContestantName, size: number, sizes: readonly number[]): SizeRole {
  const facts: ContestantFacts = CONTESTANTS[name]
  if (facts.scope === 'first-sync') return 'curve'
  const possible = sizes.filter((other) => other <= Math.min(MAIN_RECORDS, facts.maxRecords))
  const main = Math.max(...(possible.length > 0 ? possible : sizes))
  const query = possible.includes(QUERY_RECORDS) ? QUERY_RECORDS : main
  if (size === main) return size === query ? 'whole' : 'main'
  return size === query ? 'query' : 'curve'
}

function formatMinutes(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`
}
