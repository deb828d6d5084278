import type { Progress, ReplyLimit } from 'web-sync-protocol'
import type { CollectionState, SpaceRow, StorageReader, StorageTransaction } from '../contract/index.ts'
import { encodeRecord } from './encode-page.ts'
import { readLogPage } from './log-page.ts'
import { collectionNames, countRecords, pendingCollections, pickDigest, type Position, stateOf } from './position.ts'
import { incomplete, readRecords } from './read-rows.ts'
import { Room } from './room.ts'

/** What a page says, and where it leads. */
export interface PageContent {
  readonly to: Position
  /** Encoded changes. */
  readonly changes: readonly string[]
  readonly isSnapshot: boolean
  /** True if there is more to say than this page. */
  readonly more: boolean
  readonly progress: Progress | null
  /** False if it says nothing: then the same key goes on. */
  readonly hasNews: boolean
}

/** Records that are read from storage at once. */
const CHUNK = 512
/** Changes in the first pages of a first sync. */
const FIRST_PAGE_CHANGES = 250

/**
 * The head that the next page goes by. A snapshot page shows the records as they are now, and its last one says at which head that was:
 * so nobody else may move the head until the page is read. The log says by its numbers what belongs to a head, so there a look will do.
 */
export function readHead(tx: StorageTransaction, from: Position): Promise<SpaceRow> {
  return from.settleAt === null ? tx.lockSpace() : tx.getSpace()
}

/** Reads what follows a position: the rest of its snapshot first, then the log. */
export async function nextPage(
  tx: StorageReader,
  space: SpaceRow,
  from: Position,
  limit: ReplyLimit,
): Promise<PageContent> {
  if (from.settleAt === null) return snapshotPage(tx, space, from, limit)
  return readLogPage(tx, space, from, limit)
}

/**
 * Snapshot pages show the records as they are now, in (collection, id) order, under the cut at which the snapshot began: what changes
 * meanwhile comes again with the log. The first pages are small and double what there is: an initiator that has just started is slow,
 * shows the first records sooner, and lets no local write wait for a whole page.
 */
async function snapshotPage(
  tx: StorageReader,
  space: SpaceRow,
  from: Position,
  limit: ReplyLimit,
): Promise<PageContent> {
  const room = new Room({ ...limit, changes: Math.min(limit.changes, Math.max(FIRST_PAGE_CHANGES, from.sent)) })
  const collections: Record<string, CollectionState> = { ...from.collections }
  for (const name of pendingCollections(from)) {
    const state = stateOf(from, name)
    const start = state !== undefined && 'lastId' in state ? state.lastId : null
    collections[name] = await fillFromCollection(tx, name, start, room)
    if ('lastId' in collections[name]) break
  }
  const names = collectionNames(from)
  const sent = from.sent + room.changes.length
  const isWhole = pendingCollections({ ...from, collections }).length === 0
  const settleAt = isWhole ? space.head : null
  const isSettled = isWhole && from.cut >= space.head
  const digest = isSettled ? pickDigest(space.digest, names) : null
  const total = countRecords(space.digest, names)
  if (isSettled && sent < total) throw incomplete(`a snapshot of ${total} records ends with ${sent}`)
  return {
    to: { cut: from.cut, collections, settleAt, isSettled, digest, sent },
    changes: room.changes,
    isSnapshot: true,
    more: !isSettled,
    progress: { done: sent, total: Math.max(sent, total) },
    hasNews: true,
  }
}

/** Sends records of one collection until it ends or the page is full. It has ended only where nothing follows: a short answer is no end. */
async function fillFromCollection(
  tx: StorageReader,
  collection: string,
  start: string | null,
  room: Room,
): Promise<CollectionState> {
  let lastId = start
  for (;;) {
    // One more than there is room for: so a page that ends with its collection knows it.
    const bound = { rows: Math.min(CHUNK, room.left() + 1), bytes: room.leftBytes() }
    const rows = await readRecords(tx, collection, lastId, bound)
    if (rows.length === 0) return { complete: true }
    for (const row of rows) {
      if (!room.add([encodeRecord(row)])) return { lastId }
      lastId = row.id
    }
  }
}
