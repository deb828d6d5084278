import type { ContestantName } from '../shared/contestants.ts'
import type { Measure, Sample } from './sample.ts'
import { median, ratio } from './statistics.ts'

/** What a target is compared with: another contestant in the same run, or nothing but its own number. */
type Base = ContestantName | 'itself'

interface Target {
  /** As in the table of `docs/performance.md`. */
  readonly name: string
  readonly measure: Measure
  /** Size at which it holds. */
  readonly records: number
  readonly base: Base
  /** At most so many times the base; for `itself`, in the measure's unit. */
  readonly atMost: number
  /** True for those that must be met; the others may be missed with a profile that shows why. */
  readonly isMust: boolean
}

/** Size of a store in W2 to W5. */
const MAIN = 100_000

/** The targets of `docs/performance.md`. */
const TARGETS: readonly Target[] = [
  { name: 'W1 100 k, of rows', measure: 'W1 first sync', records: MAIN, base: 'rows', atMost: 0.15, isMust: true },
  { name: 'W1 100 k, of packed', measure: 'W1 first sync', records: MAIN, base: 'packed', atMost: 1.8, isMust: true },
  { name: 'W2 reload', measure: 'W2 reload to 100 rows', records: MAIN, base: 'dexie', atMost: 2, isMust: true },
  { name: 'W2 restart', measure: 'W2 restart to 100 rows', records: MAIN, base: 'dexie', atMost: 1, isMust: true },
  { name: 'W3 one write', measure: 'W3 one write stored, p50', records: MAIN, base: 'rows', atMost: 1, isMust: false },
  {
    name: 'W3 1,000 at once',
    measure: 'W3 1,000 writes stored',
    records: MAIN,
    base: 'rows',
    atMost: 0.12,
    isMust: false,
  },
  { name: 'W4 push 1,000', measure: 'W4 push 1,000', records: MAIN, base: 'rows', atMost: 1, isMust: false },
  { name: 'W4 push 10,000', measure: 'W4 push 10,000', records: MAIN, base: 'rows', atMost: 1, isMust: false },
  { name: 'W5 pull 100', measure: 'W5 pull 100', records: MAIN, base: 'rows', atMost: 0.9, isMust: false },
  { name: 'W5 pull 1,000', measure: 'W5 pull 1,000', records: MAIN, base: 'rows', atMost: 0.2, isMust: false },
  {
    name: 'W6 live query, 10 k',
    measure: 'W6 own write to live query, p50',
    records: 10_000,
    base: 'replicache',
    atMost: 1,
    isMust: false,
  },
  {
    name: 'W7 page blocked',
    measure: 'W7 page blocked in first sync',
    records: MAIN,
    base: 'itself',
    atMost: 0,
    isMust: true,
  },
  {
    name: 'W7 local write',
    measure: 'W7 longest local write in first sync',
    records: MAIN,
    base: 'itself',
    atMost: 50,
    isMust: true,
  },
  {
    name: 'memory, renderer',
    measure: 'memory of the renderer, peak',
    records: MAIN,
    base: 'dexie',
    atMost: 1,
    isMust: false,
  },
  {
    name: 'memory, worker heap',
    measure: 'memory of the worker, peak heap',
    records: MAIN,
    base: 'itself',
    atMost: 150,
    isMust: false,
  },
]

/** Time for each record may grow by so much from one size to the next. */
const GROWTH_AT_MOST = 1.1
/** The sizes between which growth is judged. */
const GROWTH_SIZES = [10_000, MAIN, 300_000] as const

/** What became of a target. */
export interface Verdict {
  readonly name: string
  readonly isMust: boolean
  /** E.g. `≤ 0.15 × rows`. */
  readonly target: string
  /** Undefined: this run did not measure it. */
  readonly found: number | undefined
  readonly isMet: boolean | undefined
}

/** Judges the targets by the medians of one run. */
export function judgeTargets(samples: readonly Sample[]): Verdict[] {
  const find = (contestant: ContestantName, measure: Measure, records: number): number | undefined =>
    findMedian(samples, contestant, measure, records)
  const verdicts = TARGETS.map(({ name, measure, records, base, atMost, isMust }) => {
    const own = find('ours', measure, records)
    const found = base === 'itself' ? own : ratio(own, find(base, measure, records))
    return toVerdict(name, isMust, base === 'itself' ? `≤ ${atMost}` : `≤ ${atMost} × ${base}`, found, atMost)
  })
  const perRecord = (records: number): number | undefined => ratio(find('ours', 'W1 first sync', records), records)
  const growth = GROWTH_SIZES.slice(1).map((size, index) => {
    // `!`: each size but the first has one before it.
    const before = GROWTH_SIZES[index]!
    const found = ratio(perRecord(size), perRecord(before))
    const name = `W1 growth ${before / 1_000} k → ${size / 1_000} k`
    return toVerdict(name, true, `≤ ${GROWTH_AT_MOST} × time per record`, found, GROWTH_AT_MOST)
  })
  return [...verdicts, ...growth]
}

/** The median of a measure over all sessions of a run. */
export function findMedian(
  samples: readonly Sample[],
  contestant: ContestantName,
  measure: Measure,
  records: number,
): number | undefined {
  return median(
    samples
      .filter((sample) => sample.contestant === contestant && sample.measure === measure && sample.records === records)
      .map(({ value }) => value),
  )
}

function toVerdict(name: string, isMust: boolean, target: string, found: number | undefined, atMost: number): Verdict {
  return { name, isMust, target, found, isMet: found === undefined ? undefined : found <= atMost }
}
