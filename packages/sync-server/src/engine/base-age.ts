import { type Op, type RecordVersion, versionNumber } from 'sync-protocol'
import type { StorageTransaction } from '../contract/index.ts'
import type { Entry } from './stage.ts'

/** Versions of one record that are followed back at most. */
const MAX_STEPS = 1_000

/**
 * True if it cannot be known whether the mutation took effect before: its base is older than the log, so its first outcome may have
 * been pruned. If the log still shows every version of the record from the base on, and none of them is this mutation's, it is known
 * that it did not, however old the base is: a record that rested for years is merged with as usual.
 */
export async function isBaseTooOld(
  scope: { readonly tx: StorageTransaction; readonly floor: number },
  mutationId: string,
  op: Op,
  entry: Entry,
): Promise<boolean> {
  const { current } = entry
  if (current === null || op.base === null || op.base === current.version) return false
  if (versionNumber(op.base) > scope.floor) return false
  return !(await isHistoryKnown(scope.tx, mutationId, op.base, storedVersion(entry)))
}

/** Follows the record's versions back, each by its own number: no index is needed. */
async function isHistoryKnown(
  tx: StorageTransaction,
  mutationId: string,
  base: RecordVersion,
  from: RecordVersion | null,
): Promise<boolean> {
  let version = from
  for (let step = 0; step < MAX_STEPS && version !== null; step += 1) {
    if (version === base) return true
    const number = versionNumber(version)
    const [row] = await tx.listLog(number - 1, number, 1)
    if (row === undefined || row.version !== version || row.mutationId === mutationId) return false
    version = row.previousVersion
  }
  return false
}

/** The version in the database, below what this ask has staged; null: no record. */
function storedVersion(entry: Entry): RecordVersion | null {
  let lowest = entry
  while (lowest.madeBy !== null) lowest = lowest.madeBy.before
  return lowest.current?.version ?? null
}
