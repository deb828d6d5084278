import { findUnseen, isSeen, type Op, type Outcome, type RecordVersion, versionNumber } from 'web-sync-protocol'
import { type History, storedVersion } from './base-age.ts'
import { type Entry, stagedVersion } from './stage.ts'

/** What an author says of the state on which an operation was made. */
type Basis = Pick<Op, 'base' | 'baseMutation'>

/** What proof needs beside the record. */
export interface SeenScope {
  readonly history: History
  /** The log's floor. */
  readonly floor: number
  /** The outcome of an earlier mutation of the asking account; null: none is known. */
  readonly outcomeOf: (mutationId: string) => Promise<Known | null>
}

/** What became of a mutation, as far as it proves what its author saw. */
export interface Known {
  readonly type: Outcome['type']
  /** True if a part of it was merged into what its author had not seen. */
  readonly merged: boolean
  /** True if it left this record just as it is now. */
  readonly isResult: (entry: Entry) => boolean
}

/** True if it is proved that the author of an operation has seen everything in this record (docs/protocol.md section 7). */
export async function isAllSeen(scope: SeenScope, basis: Basis, entry: Entry): Promise<boolean> {
  const { current } = entry
  if (current === null) return false
  if (isSeen(basis, current)) return true
  return (await isOnTheWay(scope, basis, entry)) || (await wasLeftAsItWas(scope, basis, entry))
}

/** As {@link isAllSeen}, where nothing is known of the author's own outcomes. */
export async function isAllSeenByOther(
  scope: Pick<SeenScope, 'history' | 'floor'>,
  basis: Basis,
  entry: Entry,
): Promise<boolean> {
  return entry.current !== null && (isSeen(basis, entry.current) || (await isOnTheWay(scope, basis, entry)))
}

/**
 * True if the author saw a version of this record that lies between what the last mutation's author had not seen and now: all above that
 * is known to whoever knows the last mutation. So somebody who wrote on, seeing the merged record, does not conflict with themselves.
 */
async function isOnTheWay(
  { history, floor }: Pick<SeenScope, 'history' | 'floor'>,
  { base, baseMutation }: Basis,
  entry: Entry,
): Promise<boolean> {
  const { current } = entry
  if (base === null || current === null || current.unseen === null) return false
  if (baseMutation === undefined || baseMutation !== current.mutationId) return false
  if (!(versionNumber(base) > versionNumber(current.unseen))) return false
  // Of a history that was lost it may have any number, one that was not given yet as well.
  if (!(versionNumber(base) <= versionNumber(storedVersion(entry) ?? ''))) return false
  return (await history.read(versionNumber(base), floor))?.version === base
}

/** True if the mutation on which it was made was applied to just what its author saw, and changed nothing of the record. */
async function wasLeftAsItWas(scope: SeenScope, { baseMutation }: Basis, entry: Entry): Promise<boolean> {
  if (baseMutation === undefined || baseMutation === entry.current?.mutationId) return false
  const known = await scope.outcomeOf(baseMutation)
  return known !== null && known.type === 'accepted' && !known.merged && known.isResult(entry)
}

/** What the author of an operation on this record has not seen, as StoredRecord has it of the result. */
export function findUnseenOf(basis: Basis, { current, madeBy }: Entry, isAll: boolean): RecordVersion | null {
  if (current === null) return null
  return findUnseen(basis, madeBy === null ? current : { ...current, version: stagedVersion(madeBy) }, isAll)
}
