import { CONTESTANTS, type ContestantName } from '../shared/contestants.ts'
import type { RunResult } from './run-all.ts'
import { MEASURES, type Measure, hasFailed } from './sample.ts'
import { ratio } from './statistics.ts'
import { findMedian } from './targets.ts'

/** A table as rows of cells; the first row is the head. */
export type Table = readonly (readonly string[])[]

/** The result as text for a terminal. */
export function describeResult(result: RunResult): string {
  const failed = result.checks.filter((check) => !check.hasPassed)
  return [
    'Medians; in brackets: in units of rows. *: answered from memory, nothing stored. ✗: a check failed.',
    layOut(medianTable(result)),
    'Targets',
    layOut(targetTable(result)),
    `${result.checks.length} checks, ${failed.length} failed; ${result.broken.length} sessions broke, ${result.leftOut} were left out.`,
    ...result.profiles.map(({ measure, ms, rows }) => {
      const title = `\n${measure}: ${formatValue(ms)} ms of the worker, by function`
      return [title, ...rows.map((row) => `  ${formatValue(row.ms).padStart(8)}  ${row.name}`)].join('\n')
    }),
    ...failed.map(
      ({ contestant, records, session, workload, detail }) =>
        `  ${contestant} ${records} #${session} ${workload}: ${detail.slice(0, 200)}`,
    ),
  ].join('\n')
}

/** Medians and their ratios to rows: one line for each measure and size, one column for each contestant. */
export function medianTable({ samples, checks, options }: RunResult): Table {
  const sizes = [...new Set(samples.map(({ records }) => records))].toSorted((a, b) => a - b)
  const lines = (Object.keys(MEASURES) as Measure[]).flatMap((measure) =>
    sizes
      .filter((records) => samples.some((sample) => sample.measure === measure && sample.records === records))
      .map((records) => {
        const rows = findMedian(samples, 'rows', measure, records)
        const cells = options.contestants.map((name) => {
          if (hasFailed(checks, name, measure, records)) return '✗'
          const value = findMedian(samples, name, measure, records)
          if (value === undefined) return '–'
          const share = ratio(value, rows)
          const mark = isFromMemory(name, measure) ? '*' : ''
          return `${formatValue(value)}${mark}${share === undefined || name === 'rows' ? '' : ` (${formatValue(share)})`}`
        })
        return [`${measure}, ${MEASURES[measure]}`, records === 0 ? '' : records.toLocaleString('en'), ...cells]
      }),
  )
  return [['measure', 'records', ...options.contestants], ...lines]
}

/** Target by target, met or not. */
export function targetTable({ verdicts }: RunResult): Table {
  return [
    ['target', 'at most', 'found', 'result', 'must'],
    ...verdicts.map(({ name, target, found, isMet, isMust }) => [
      name,
      target,
      found === undefined ? '–' : formatValue(found),
      word(isMet),
      isMust ? 'must' : '',
    ]),
  ]
}

/** Three digits that count. */
function formatValue(value: number): string {
  if (value === 0) return '0'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(value < 10 ? 2 : 3)))
}

function isFromMemory(name: ContestantName, measure: Measure): boolean {
  return !CONTESTANTS[name].promisesStorage && measure === 'W3 one write stored, p50'
}

function layOut(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
  return `${lines.join('\n')}\n`
}

function word(isMet: boolean | undefined): string {
  if (isMet === undefined) return 'not measured'
  return isMet ? 'met' : 'MISSED'
}
