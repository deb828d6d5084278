import type { UnsentRows } from '../contract/index.ts'
import { GroupedRows } from './grouped/grouped-rows.ts'
import { isSalvaging } from './resync.ts'
import type { RowDatabase, RowReader } from './row-database.ts'
import { STORE_NAMES, type SyncRow } from './rows.ts'
import { readMeta } from './sync-row.ts'

/** When a database is emptied: if nothing in it is unsent, or in any case. */
export type EmptyWhen = 'if-sent' | 'always'

/** Nothing is unsent. */
export const NOTHING_UNSENT: UnsentRows = { unsent: 0, salvaged: 0, isComplete: true }

/** Nobody knows. */
export const UNREADABLE: UnsentRows = { unsent: 0, salvaged: 0, isComplete: false }

/**
 * Counts what would be lost with a database; see {@link UnsentRows}. Nothing is changed.
 *
 * @param isLeft true: another database took its place, and has not taken over what is in it
 */
export function countUnsent(database: RowDatabase, isLeft: boolean): Promise<UnsentRows> {
  return database.read((tx) => countRows(tx, isLeft))
}

/**
 * Counts as {@link countUnsent} does and empties the database, in one transaction: no write can be stored between the look and the deed,
 * and whoever has the store open cannot write any more afterwards.
 */
export function emptyRows(database: RowDatabase, when: EmptyWhen, isLeft: boolean): Promise<UnsentRows> {
  return database.write('strict', async (tx) => {
    const counts = await countRows(tx, isLeft)
    if (when === 'always' || isNothing(counts)) for (const name of STORE_NAMES) tx.clear(name)
    return counts
  })
}

/** True if it is certain that nothing is unsent. */
export function isNothing({ unsent, isComplete }: UnsentRows): boolean {
  return unsent === 0 && isComplete
}

/** Of several databases together. */
export function addUnsent(a: UnsentRows, b: UnsentRows): UnsentRows {
  return {
    unsent: a.unsent + b.unsent,
    salvaged: a.salvaged + b.salvaged,
    isComplete: a.isComplete && b.isComplete,
  }
}

/** Rows whose text does not parse are unreadable, and no failure: they can be emptied. */
async function countRows(raw: RowReader, isLeft: boolean): Promise<UnsentRows> {
  try {
    return await countReadable(raw, await new GroupedRows().begin(raw), isLeft)
  } catch (error) {
    if (error instanceof SyntaxError) return UNREADABLE
    throw error
  }
}

async function countReadable(raw: RowReader, tx: RowReader, isLeft: boolean): Promise<UnsentRows> {
  const [sync, outbox, refused, journal, salvaged, groups] = await Promise.all([
    readMeta(raw, 'sync'),
    tx.count('outbox', null),
    tx.count('refused', null),
    tx.count('journal', null),
    raw.count('salvage', null),
    raw.listKeys('groups', null, 1),
  ])
  // The partner may lack what it had accepted: a full resync is under way, or nobody can tell.
  const isFeared = isLeft || sync === undefined || sync.resync !== null
  // Rows of the app's writes without the first row, or the other way round: what is missing cannot be counted.
  const isWhole = sync === undefined ? groups.length === 0 : sync.nextOrder === 1 || groups.length > 0
  const unsent = outbox + refused + salvaged + (isFeared ? journal : 0)
  return { unsent, salvaged, isComplete: isWhole && (isLeft || sync === undefined || !isLookingForLost(sync)) }
}

/** True while records that the partner may have lost are still looked for: how many they are is not known yet. */
function isLookingForLost({ resync, oldGenerations }: SyncRow): boolean {
  return (resync !== null && isSalvaging(resync)) || oldGenerations.some((old) => old.isSalvaged)
}
