import { type Digest, DigestBuilder, type ReplyLimit } from 'web-sync-protocol'
import type { LogBound, LogRow, SpaceRow, StorageReader } from '../contract/index.ts'
import { encodeChange } from './encode-page.ts'
import type { PageContent } from './next-page.ts'
import { collectionNames, pickDigest, type Position } from './position.ts'
import { incomplete, readLog } from './read-rows.ts'
import { Room } from './room.ts'

/** Log rows that are read from storage at once. */
const CHUNK = 256
/** Bytes of values that are read at once at least, however little room the page has left: so small rows are not read one by one. */
const CHUNK_BYTES = 16_384
/** Log rows that one page looks at, at most: those of other collections cost time, but fill no page. */
const MAX_SCANNED = 20_000
/**
 * Changes of other collections alone make no new key, until there are so many that reading past them again and again would cost more:
 * and the log's floor must never overtake an initiator that is up to date.
 */
const SILENT_CHANGES = 256

/** Reads the log from a position on: whole mutations, at least one. */
export async function readLogPage(
  tx: StorageReader,
  space: SpaceRow,
  from: Position,
  limit: ReplyLimit,
): Promise<PageContent> {
  const names = new Set(collectionNames(from))
  const room = new Room(limit)
  const builder = from.digest === null ? null : new DigestBuilder(from.digest)
  const bound = (): LogBound => ({
    rows: CHUNK,
    bytes: Math.max(CHUNK_BYTES, room.leftBytes()),
    collections: [...names],
  })
  const cut = await readMutations(tx, space, from.cut, bound, (mutation) => {
    const visible = mutation.filter((row) => names.has(row.collection))
    if (visible.length > 0 && !room.add(visible.map(encodeChange))) return false
    for (const row of visible) {
      builder?.replace(row.collection, row.previousVersion, row.value === null ? null : row.version)
    }
    return true
  })
  const isSettled = from.isSettled || cut >= (from.settleAt ?? Number.MAX_SAFE_INTEGER)
  const more = cut < space.head
  return {
    to: { ...from, cut, isSettled, digest: isSettled ? digestAt(cut, space, [...names], builder) : null },
    changes: room.changes,
    isSnapshot: false,
    more,
    progress: null,
    hasNews: room.changes.length > 0 || isSettled !== from.isSettled || more || cut - from.cut >= SILENT_CHANGES,
  }
}

function digestAt(
  cut: number,
  space: SpaceRow,
  names: readonly string[],
  builder: DigestBuilder | null,
): Digest | null {
  if (cut === space.head) return pickDigest(space.digest, names)
  return builder === null ? null : builder.build()
}

/** Hands over whole mutations until `take` refuses one; returns the cut behind the last that was taken. */
async function readMutations(
  tx: StorageReader,
  space: SpaceRow,
  start: number,
  bound: () => LogBound,
  take: (mutation: readonly LogRow[]) => boolean,
): Promise<number> {
  let cut = start
  let read = start
  let mutation: LogRow[] = []
  while (read < space.head && read - start < MAX_SCANNED) {
    for (const row of await readLog(tx, read, space.head, bound())) {
      if ((mutation[0] ?? row).txEnd !== row.txEnd)
        throw incomplete(`the log’s change ${row.number} begins inside a mutation`)
      mutation.push(row)
      read = row.number
      if (row.number !== row.txEnd) continue
      if (!take(mutation)) return cut
      cut = row.number
      mutation = []
    }
  }
  if (read === space.head && cut < read) throw incomplete(`the log ends inside a mutation, at ${read}`)
  return cut
}
