import { type Outcome, PROTOCOL_VERSION, type SyncKey } from 'web-sync-protocol'
import type { CheckpointRow, StorageTransaction } from '../contract/index.ts'
import { storedToOutcome } from './apply-mutations.ts'
import { encodeChange, encodePage } from './encode-page.ts'
import type { Found } from './find-facts.ts'
import type { FirstAnswer, ReadyAsk } from './first-page.ts'
import { collectionNames } from './position.ts'
import { readLog } from './read-rows.ts'

/** What is read of the log at once. All of it was on one page before, so it is bounded as a whole. */
const CHUNK = 256
const CHUNK_BYTES = 1_048_576

/**
 * Case K3': a late duplicate of a request that was answered. Its reply is built again from the checkpoint that was issued then, if that
 * is kept, else it says nothing under the same key. Reads only.
 */
export async function repeatReply(tx: StorageTransaction, ready: ReadyAsk, found: Found): Promise<FirstAnswer> {
  const { ask, account } = ready
  const parent = found.checkpoint as CheckpointRow // the verdict is reached for checkpoints that were found only
  const request = await tx.getRequest(parent.partnershipId, ask.requestId)
  const issued = request?.issued
  const child = issued === undefined ? null : await tx.getCheckpoint(issued.partnershipId, issued.n, issued.tag)
  const page = child !== null && isLogStep(parent, child) ? child : parent
  const partnership = await tx.getPartnership(account, page.partnershipId)
  const isFork = page.partnershipId !== parent.partnershipId && partnership !== null
  const outcomes = await storedOutcomes(tx, ready)
  const changes = await listChanges(tx, parent, page)
  const key: SyncKey = { n: page.n, tag: page.tag }
  const line = encodePage(
    {
      key,
      settled: page.isSettled,
      collections: collectionNames(page),
      snapshot: false,
      outcomes,
      more: true,
      progress: null,
      digest: page.digest,
    },
    changes,
  )
  return {
    type: 'reply',
    case: "K3'",
    head: {
      protocol: PROTOCOL_VERSION,
      requestId: ask.requestId,
      from: ask.key,
      partnershipId: page.partnershipId,
      partnerId: ready.partnerId,
      durable: await tx.getDurable(page.partnershipId, found.space.durableHead),
      forked: isFork ? { replicaId: partnership.replicaId } : null,
    },
    page: {
      partnershipId: page.partnershipId,
      key,
      position: page,
      line,
      // The repetition ends here, whatever there is more to say: it must not issue anything.
      more: false,
      changes: changes.length,
      waiting: [],
    },
    changes: 0,
    outcomes: outcomes.map((outcome) => ({ outcome, lastNumber: null })),
  }
}

/** True if the page between them was made of log rows alone, so that it can be made again. */
function isLogStep(parent: CheckpointRow, child: CheckpointRow): boolean {
  return parent.settleAt !== null && collectionNames(parent).join() === collectionNames(child).join()
}

async function listChanges(tx: StorageTransaction, from: CheckpointRow, to: CheckpointRow): Promise<readonly string[]> {
  const collections = collectionNames(to)
  const changes: string[] = []
  for (let read = from.cut; read < to.cut;) {
    const rows = await readLog(tx, read, to.cut, { rows: CHUNK, bytes: CHUNK_BYTES, collections })
    changes.push(...rows.filter((row) => collections.includes(row.collection)).map(encodeChange))
    read += rows.length
  }
  return changes
}

async function storedOutcomes(tx: StorageTransaction, ready: ReadyAsk): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const { mutationId, contentHash } of ready.mutations) {
    const row = await tx.getOutcome(ready.account, mutationId)
    const isSame = row !== null && row.contentHash === contentHash
    outcomes.push(isSame ? storedToOutcome(row).outcome : { mutationId, type: 'later' })
  }
  return outcomes
}
