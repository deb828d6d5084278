import type { FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter'

/** One scenario in one engine. */
interface Cell {
  readonly status: TestResult['status']
  readonly seconds: number
  /** Why it was left out; '' if it was not. */
  readonly reason: string
}

/** Prints scenario × engine at the end, and why anything was left out. */
class EngineTable implements Reporter {
  readonly #cellsByTitle = new Map<string, Map<string, Cell>>()

  onTestEnd(test: TestCase, result: TestResult): void {
    const engine = test.parent.project()?.name ?? ''
    const cells = this.#cellsByTitle.get(test.title) ?? new Map<string, Cell>()
    const reason = test.annotations.find(({ type }) => type === 'skip')?.description ?? ''
    this.#cellsByTitle.set(
      test.title,
      cells.set(engine, { status: result.status, seconds: result.duration / 1000, reason }),
    )
  }

  onEnd({ duration }: FullResult): void {
    const engines = [...new Set([...this.#cellsByTitle.values()].flatMap((cells) => [...cells.keys()]))].toSorted()
    const lines = [...this.#cellsByTitle].map(
      ([title, cells]) => `| ${title} | ${engines.map((engine) => toText(cells.get(engine))).join(' | ')} |`,
    )
    console.log(`\n| scenario | ${engines.join(' | ')} |\n|---|${'---|'.repeat(engines.length)}\n${lines.join('\n')}`)
    console.log(`\nall: ${(duration / 1000).toFixed(0)} s`)
  }

  printsToStdio(): boolean {
    return false
  }
}

function toText(cell: Cell | undefined): string {
  if (cell === undefined) return 'not run'
  return cell.status === 'skipped' ? `skipped: ${cell.reason}` : `${cell.status} ${cell.seconds.toFixed(1)} s`
}

// Playwright takes a reporter by its default export.
export default EngineTable
