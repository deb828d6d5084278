import { type Op, type RecordVersion, versionNumber } from 'web-sync-protocol'
import type { LogStub, StorageReader } from '../contract/index.ts'
import { readLogStub } from './read-rows.ts'
import { type Budget, ROW_WORK } from './budget.ts'
import type { Entry } from './stage.ts'

/** Versions of one record that are followed back at most, for one operation. */
const MAX_STEPS = 1_000

/** The log as one ask looks into it: no row is read twice, however many operations name the same record. */
export class History {
  readonly #tx: StorageReader
  readonly #budget: Budget
  readonly #rows = new Map<number, LogStub | null>()

  constructor(tx: StorageReader, budget: Budget) {
    this.#tx = tx
    this.#budget = budget
  }

  /** The change with this number; null: the log does not have it. */
  async read(number: number, floor: number): Promise<LogStub | null> {
    const known = this.#rows.get(number)
    this.#budget.spend(1)
    if (known !== undefined) return known
    const row = await readLogStub(this.#tx, number, floor)
    this.#budget.spend(ROW_WORK)
    this.#rows.set(number, row)
    return row
  }
}

/**
 * True if it cannot be known whether the mutation took effect before: its base is older than the log, so its first outcome may have
 * been pruned. If the log still shows every version of the record from the base on, and none of them is this mutation's, it is known
 * that it did not, however old the base is: a record that rested for years is merged with as usual.
 */
export async function isBaseTooOld(
  scope: { readonly history: History; readonly floor: number },
  mutationId: string,
  op: Op,
  entry: Entry,
): Promise<boolean> {
  const { current } = entry
  if (current === null || op.base === null || op.base === current.version) return false
  if (versionNumber(op.base) > scope.floor) return false
  return !(await isHistoryKnown(scope, mutationId, op.base, storedVersion(entry)))
}

/** Follows the record's versions back, each by its own number: no index is needed. */
async function isHistoryKnown(
  { history, floor }: { readonly history: History; readonly floor: number },
  mutationId: string,
  base: RecordVersion,
  from: RecordVersion | null,
): Promise<boolean> {
  let version = from
  for (let step = 0; step < MAX_STEPS && version !== null; step += 1) {
    if (version === base) return true
    const row = await history.read(versionNumber(version), floor)
    if (row === null || row.version !== version || row.mutationId === mutationId) return false
    version = row.previousVersion
  }
  return false
}

/** The version in the database, below what this ask has staged; null: no record. */
export function storedVersion(entry: Entry): RecordVersion | null {
  let lowest = entry
  while (lowest.madeBy !== null) lowest = lowest.madeBy.before
  return lowest.current?.version ?? null
}
