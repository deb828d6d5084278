import { type Digest, DigestBuilder, EMPTY_DIGEST } from 'web-sync-protocol'
import type { CheckpointRow, CollectionState } from '../contract/index.ts'

/** Where a checkpoint stands, without its name: what a page starts from and leads to. */
export type Position = Pick<CheckpointRow, 'cut' | 'collections' | 'settleAt' | 'isSettled' | 'digest' | 'sent'>

/** Where an initiator with nothing stands: the snapshot is of the state at `head`. */
export function initialPosition(collections: readonly string[], head: number): Position {
  const states: Record<string, CollectionState> = {}
  for (const name of collections) states[name] = { lastId: null }
  return { cut: head, collections: states, settleAt: null, isSettled: false, digest: null, sent: 0 }
}

/**
 * Case K1c: dropped collections leave, added ones begin with nothing sent. The cut stays: the log follows from there, and a change that
 * is not newer than what the snapshot brought is skipped by the initiator.
 */
export function changeCollections(from: Position, collections: readonly string[], head: Digest): Position {
  const states: Record<string, CollectionState> = {}
  let isGrowing = false
  for (const name of collections) {
    const known = stateOf(from, name)
    states[name] = known ?? { lastId: null }
    isGrowing ||= known === undefined
  }
  if (!isGrowing) return { ...from, collections: states, digest: pickDigest(from.digest, collections) }
  const complete = collections.filter((name) => isComplete(states[name]))
  const sent = from.isSettled ? countRecords(head, complete) : from.sent
  return { ...from, collections: states, settleAt: null, isSettled: false, digest: null, sent }
}

/** Where a collection of the checkpoint stands; undefined: it has none of that name, and `constructor` is a name like any other. */
export function stateOf(from: Pick<Position, 'collections'>, name: string): CollectionState | undefined {
  return Object.hasOwn(from.collections, name) ? from.collections[name] : undefined
}

/** True if all records of the collection's snapshot were sent. */
function isComplete(state: CollectionState | undefined): boolean {
  return state !== undefined && 'complete' in state
}

/** The collections of which snapshot pages are missing, in the order in which they are sent. */
export function pendingCollections(position: Position): readonly string[] {
  return collectionNames(position).filter((name) => !isComplete(stateOf(position, name)))
}

/** The collections of a checkpoint, sorted. */
export function collectionNames(position: Pick<Position, 'collections'>): readonly string[] {
  return Object.keys(position.collections).toSorted()
}

/** The part of a digest that speaks of these collections. */
export function pickDigest(digest: Digest | null, collections: readonly string[]): Digest | null {
  if (digest === null) return null
  const builder = new DigestBuilder(digest)
  for (const name of Object.keys(digest)) if (!collections.includes(name)) builder.drop(name)
  return builder.build()
}

/** How many records these collections have. */
export function countRecords(digest: Digest, collections: readonly string[]): number {
  return collections.reduce(
    (sum, name) => sum + (Object.hasOwn(digest, name) ? (digest[name] ?? EMPTY_DIGEST).count : 0),
    0,
  )
}
