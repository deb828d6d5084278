import type { ContestantName } from '../shared/contestants.ts'

/** Everything that is measured. The first two letters name the workload of `docs/performance.md`. */
export const MEASURES = {
  'W1 first sync': 'ms',
  'W2 reload to 100 rows': 'ms',
  'W2 restart to 100 rows': 'ms',
  'W3 one write stored, p50': 'ms',
  'W3 1,000 writes stored': 'ms',
  'W4 push 1,000': 'ms',
  'W4 push 10,000': 'ms',
  'W5 pull 100': 'ms',
  'W5 pull 1,000': 'ms',
  'W6 own write to live query, p50': 'ms',
  'W7 page blocked in first sync': 'ms',
  'W7 longest local write in first sync': 'ms',
  'W8 client, gzip': 'kB',
  'memory of the renderer, peak': 'MiB',
  'memory of the worker, peak heap': 'MiB',
} as const

/** Name of something that is measured. */
export type Measure = keyof typeof MEASURES

/** One measured value. */
export interface Sample {
  readonly contestant: ContestantName
  readonly records: number
  readonly session: number
  readonly measure: Measure
  /** In the unit of {@link MEASURES}. */
  readonly value: number
}

/** One look at whether a contestant really did what it was timed for. */
export interface Check {
  readonly contestant: ContestantName
  readonly records: number
  readonly session: number
  readonly workload: string
  readonly hasPassed: boolean
  /** What was found; empty if it passed. */
  readonly detail: string
}

/**
 * True if a contestant failed a check at this size in the workload of a measure: then what was timed is not what was asked for, and it
 * has no figure there.
 */
export function hasFailed(
  checks: readonly Check[],
  contestant: ContestantName,
  measure: Measure,
  records: number,
): boolean {
  return checks.some(
    (check) =>
      !check.hasPassed &&
      check.contestant === contestant &&
      check.records === records &&
      check.workload.slice(0, 2) === measure.slice(0, 2),
  )
}

/** The samples that count: without those of {@link hasFailed}. */
export function withoutFailed(samples: readonly Sample[], checks: readonly Check[]): Sample[] {
  return samples.filter(({ contestant, measure, records }) => !hasFailed(checks, contestant, measure, records))
}
