import { deleteDB, openDB } from 'idb'
import { inTime, type StartTimer, startPlatformTimer } from './in-time.ts'

/** The name of a database that is deleted as soon as it is made. */
const SPARE = 'web-sync-spare'
/** So long an opened store waits for it at most; it takes some 8 ms. */
const LIMIT_MS = 1_000

/**
 * Makes Chromium begin a new file for its log, and put what the old one has into a table. To be awaited before anybody is told that
 * something was stored. Never rejects; does nothing in other browsers. One log serves all databases of an origin.
 *
 * LevelDB goes on in the log that it finds (`reuse_logs`), also behind a record that a kill has cut short. At the next start that record
 * stands in the middle, the checksum does not fit, and Chromium throws all databases of the origin away, with what was stored since:
 * docs/decisions/0015-new-log-at-opening.md, https://github.com/google/leveldb/issues/1287. To delete a database compacts its range,
 * which begins a new log before anything else.
 */
export async function beginNewLog(startTimer: StartTimer = startPlatformTimer): Promise<void> {
  // Absent in Node 20, where apps run their tests.
  const { navigator = {} } = globalThis as { readonly navigator?: object }
  if (!('userAgentData' in navigator)) return
  await inTime(makeAndDelete(), LIMIT_MS, startTimer)
}

async function makeAndDelete(): Promise<void> {
  try {
    const spare = await openDB(SPARE)
    spare.close()
    await deleteDB(SPARE)
  } catch {
    // No room, or no database can be opened: whoever stores something hears of it.
  }
}
