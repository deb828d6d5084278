import { drainFile, type DrainedFile, reopenFile } from '../storage/sqlite/index.ts'
import { CliError } from './cli-error.ts'
import { loadPostgres } from './open-storage.ts'
import { type CliOptions, need } from './options.ts'

/** Between two lines of progress. */
const REPORT_EVERY_MS = 200

/**
 * `web-sync-server move`: everything from a SQLite file, whose server may run, into an empty PostgreSQL database. From the moment at which it
 * begins the file takes no writes; if it fails or is stopped, it takes them again, and nothing was moved.
 */
export async function move(options: CliOptions): Promise<void> {
  const from = need(options, 'data')
  if (options.undo === true) return undo(from, options)
  const url = need(options, 'postgres')
  if (options.yes !== true)
    throw new CliError(`While it is moved ${from} takes no writes, and none afterwards. Add --yes.`)
  const { moveIntoPostgres } = await loadPostgres()
  const stopping = new AbortController()
  const stop = (): void => stopping.abort(new CliError(`Stopped. Nothing was moved; ${from} takes writes as before.`))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  let file: DrainedFile | null = null
  let isOutcomeOpen = false
  try {
    const openSource = (): DrainedFile => (file = drainFile(from))
    const onCommit = (): void => void (isOutcomeOpen = true)
    const result = await moveIntoPostgres({
      url,
      openSource,
      onCommit,
      signal: stopping.signal,
      onProgress: createReporter(),
    })
    process.stderr.write('\n')
    const rows = Object.entries(result.rows).map(([table, count]) => `${count} ${table}`)
    console.log(`Moved and compared ${result.spaces} spaces: ${rows.join(', ')}.`)
    console.log(`${from} takes no more writes. Start serve --postgres in the place of serve --data.`)
  } catch (error) {
    // Until somebody has looked, nothing may be written where it came from.
    if (!isOutcomeOpen) (file as DrainedFile | null)?.reopen()
    throw error
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
    ;(file as DrainedFile | null)?.close()
  }
}

function undo(from: string, options: CliOptions): void {
  if (options.yes !== true) {
    throw new CliError(
      `Two histories if somebody serves what was moved out of ${from}. Stop that first, then add --yes.`,
    )
  }
  reopenFile(from)
  console.log(`${from} takes writes again.`)
}

/** Reports the progress on one line. */
function createReporter(): (progress: { spaces: number; ofSpaces: number; rows: number }) => void {
  let reportedAtMs = -Infinity
  return ({ spaces, ofSpaces, rows }) => {
    const nowMs = performance.now()
    if (nowMs - reportedAtMs < REPORT_EVERY_MS) return
    reportedAtMs = nowMs
    process.stderr.write(`\r${spaces} of ${ofSpaces} spaces, ${rows} rows`)
  }
}
