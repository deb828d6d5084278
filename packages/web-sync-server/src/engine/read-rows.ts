import {
  compareBytes,
  type LogBound,
  type LogRow,
  type LogStub,
  PartnerError,
  type ReadBound,
  type RecordRow,
  type StorageReader,
} from '../contract/index.ts'

/**
 * All that the engine reads of the log and of collections passes here, whatever storage it comes from: a row that is left out would
 * never be sent again, since the key moves past it. Throws PartnerError 'incomplete': then nothing is stored and nothing is sent.
 */

/** The rows behind `after`, one at least: each number follows the one before. Without this check a gap would be lost in silence. */
export async function readLog(
  tx: StorageReader,
  after: number,
  upTo: number,
  bound: LogBound,
): Promise<readonly [LogRow, ...LogRow[]]> {
  const rows = await tx.listLog(after, upTo, bound)
  let last = after
  for (const { number, txEnd } of rows) {
    if (number !== last + 1) throw incomplete(`the log goes on with ${number} behind ${last}`)
    if (number > upTo || txEnd < number) throw incomplete(`the log’s change ${number} cannot be up to ${upTo}`)
    last = number
  }
  const [first, ...others] = rows
  if (first === undefined) throw incomplete(`the log has nothing behind ${after}, and should reach ${upTo}`)
  return [first, ...others]
}

/** One row without its value; null: it is at or below the floor, where rows are pruned. */
export async function readLogStub(tx: StorageReader, number: number, floor: number): Promise<LogStub | null> {
  const stub = await tx.getLogStub(number)
  if (stub === null && number > floor)
    throw incomplete(`the log’s change ${number} is missing above its floor ${floor}`)
  return stub
}

/** Records behind `afterId`, in byte order: in another order the last id sent says nothing of what is missing. Empty: the end. */
export async function readRecords(
  tx: StorageReader,
  collection: string,
  afterId: string | null,
  bound: ReadBound,
): Promise<readonly RecordRow[]> {
  const rows = await tx.listRecords(collection, afterId, bound)
  let last = afterId
  for (const { id } of rows) {
    if (last !== null && compareBytes(last, id) >= 0)
      throw incomplete(`${collection}: records are not in the order of their ids`)
    last = id
  }
  return rows
}

/** Rows are missing, or are not where they must be. The message names no record. */
export function incomplete(what: string): PartnerError {
  return new PartnerError('incomplete', `${what}: nothing was stored or sent. Check the database.`)
}
