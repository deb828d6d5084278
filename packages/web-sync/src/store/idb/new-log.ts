import { SyncError } from '../../contract/index.ts'
import { NO_NEW_LOG, toSyncError } from './idb-errors.ts'
import { inTime, type StartTimer } from './in-time.ts'

/**
 * Names of databases that are deleted as soon as they are made. A context that is frozen between the two keeps the name from everybody
 * else, so there is more than one.
 */
const SPARES: readonly string[] = ['web-sync-spare', 'web-sync-spare.2', 'web-sync-spare.3']
/** Making and deleting takes some 8 ms; after this the next name is tried as well. */
const PATIENCE_MS = 1_000

/** The cause of a failure that says nothing of the database that was to be written. */
class NoNewLog extends Error {
  override readonly name = NO_NEW_LOG
}

/**
 * The log of an origin's databases, as one connection needs it: begun anew before the connection's first write. In Chromium only.
 *
 * LevelDB goes on in the log that it finds (`reuse_logs`), also behind a record that a kill has cut short. At the next start that record
 * stands in the middle, the checksum does not fit, and Chromium throws all databases of the origin away, with what was stored before and
 * since: docs/decisions/0015-new-log-at-opening.md, https://github.com/google/leveldb/issues/1287. To delete a database compacts its
 * range, which puts the log into a table and begins another before anything else.
 */
export class NewLog {
  readonly #makeAndDelete: (name: string) => Promise<void>
  readonly #startTimer: StartTimer
  #beginning: Promise<void> | null = null
  /** True: this connection may write. */
  isBegun: boolean

  constructor(makeAndDelete: (name: string) => Promise<void>, startTimer: StartTimer) {
    this.#makeAndDelete = makeAndDelete
    this.#startTimer = startTimer
    this.isBegun = !mayReuseLogs()
  }

  /**
   * Resolves when the log was begun anew; one attempt serves all who wait for it, and the next call after a failure makes another.
   * Errors: quota-exceeded, storage-failed, storage-forbidden; nothing was written then.
   */
  async begin(): Promise<void> {
    if (this.isBegun) return
    this.#beginning ??= this.#tryAll().finally(() => {
      this.#beginning = null
    })
    await this.#beginning
  }

  async #tryAll(): Promise<void> {
    try {
      await firstInTime(SPARES, this.#makeAndDelete, this.#startTimer)
    } catch (error) {
      throw toLogError(error)
    }
    this.isBegun = true
  }
}

/** Tries one name after the other, each without giving up those before it; resolves with the first that is done. */
async function firstInTime(
  names: readonly string[],
  attempt: (name: string) => Promise<void>,
  startTimer: StartTimer,
): Promise<void> {
  const attempts: Promise<'done'>[] = []
  for (const name of names) {
    attempts.push(attempt(name).then(() => 'done'))
    if ((await inTime(Promise.race(attempts), PATIENCE_MS, startTimer)) === 'done') return
  }
  throw new Error('the browser did not make and delete a database in time')
}

function toLogError(error: unknown): SyncError {
  const cause = new NoNewLog('the log was not begun anew', { cause: error })
  const known = toSyncError(error)
  if (known.code === 'storage-forbidden') return known
  if (known.code === 'quota-exceeded') return new SyncError(known.code, known.message, { cause })
  const message =
    'The browser’s database is not ready to be written: try again, or reload the page. Nothing was stored.'
  return new SyncError('storage-failed', message, { cause })
}

/**
 * True unless the browser is known not to be built on Chromium. `userAgentData` is missing in Android's WebView and on pages without
 * https, and an app may give its WebView any name: so only the other engines are told by their names, and the unknown is Chromium.
 */
function mayReuseLogs(): boolean {
  // Absent in Node 20, where apps run their tests.
  const { navigator } = globalThis as { readonly navigator?: { readonly userAgent?: string } }
  if (navigator === undefined) return false
  if ('userAgentData' in navigator) return true
  const { userAgent = '' } = navigator
  if (/Chrom(e|ium)\/|Android/.test(userAgent)) return !/Firefox\//.test(userAgent)
  return !/Firefox\/|Node\.js|Version\/[\d.]+ .*Safari\/|iPhone|iPad|iPod/.test(userAgent)
}
