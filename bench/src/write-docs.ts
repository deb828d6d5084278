import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Line, drawPlot } from './plot.ts'
import { type Table, medianTable, targetTable } from './report.ts'
import type { RunResult } from './run-all.ts'
import { type Measure, withoutFailed } from './sample.ts'
import { findMedian } from './targets.ts'

const docs = new URL('../../docs/', import.meta.url)
const page = fileURLToPath(new URL('performance.md', docs))

const BEGIN = '<!-- bench: begin, written by `pnpm bench --docs` -->'
const END = '<!-- bench: end -->'

/** What is plotted against the number of records. */
const PLOTS: readonly { readonly measure: Measure; readonly file: string; readonly title: string }[] = [
  { measure: 'W1 first sync', file: 'images/bench-first-sync.svg', title: 'W1: first sync, stored and queryable' },
  {
    measure: 'W2 reload to 100 rows',
    file: 'images/bench-reload.svg',
    title: 'W2: reload until 100 rows by an index are there',
  },
  {
    measure: 'W2 restart to 100 rows',
    file: 'images/bench-restart.svg',
    title: 'W2: restart of the browser, the same',
  },
]

/** Puts the result into `docs/performance.md`, between its markers, and the plots beside it. */
export async function writeDocs(result: RunResult): Promise<void> {
  const drawn = PLOTS.filter(({ measure }) => result.samples.some((sample) => sample.measure === measure))
  for (const { measure, file, title } of drawn) {
    await writeFile(new URL(file, docs), drawPlot(title, 'milliseconds', toLines(result, measure)))
  }
  const text = await readFile(page, 'utf8')
  const from = text.indexOf(BEGIN)
  const to = text.indexOf(END)
  if (from === -1 || to < from) throw new Error(`docs/performance.md has no place for the result: ${BEGIN} … ${END}`)
  const { machine, startedAt, minutes, options, checks, broken, leftOut } = result
  const failed = checks.filter((check) => !check.hasPassed).length
  const section = [
    BEGIN,
    `${startedAt.slice(0, 10)}, ${machine.cores} cores, Node ${machine.node}: ${options.sessions} interleaved sessions of each contestant and size in ${Math.round(minutes)} minutes; ` +
      `${checks.length} checks, ${failed} failed, ${broken.length} sessions broke, ${leftOut} were left out. ` +
      'Medians; in brackets in units of *rows*; `*`: answered from memory, nothing stored; `✗`: a check failed.',
    toMarkdown(medianTable(result)),
    '### Targets',
    toMarkdown(targetTable(result)),
    '### Against the number of records',
    ...drawn.map(({ file, title }) => `![${title}](${file})`),
    END,
  ].join('\n\n')
  await writeFile(page, `${text.slice(0, from)}${section}${text.slice(to + END.length)}`)
}

function toLines({ samples, checks, options }: RunResult, measure: Measure): Line[] {
  const counted = withoutFailed(samples, checks)
  return options.contestants
    .map((name) => ({
      name,
      isMain: name === 'ours',
      points: options.sizes.flatMap((x) => {
        const y = findMedian(counted, name, measure, x)
        return y === undefined ? [] : [{ x, y }]
      }),
    }))
    .filter(({ points }) => points.length > 0)
}

function toMarkdown([head = [], ...rows]: Table): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
