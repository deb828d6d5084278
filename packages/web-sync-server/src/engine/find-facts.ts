import type { CheckpointName, KeyFacts, ReceivedAsk } from 'web-sync-protocol'
import type { CheckpointRow, PartnershipRow, SpaceRow, StorageReader, StorageTransaction } from '../contract/index.ts'
import { findLineage, type Lineage } from './lineage.ts'
import { collectionNames } from './position.ts'

/** What is stored of the key that an ask sends. */
export interface Found {
  readonly facts: KeyFacts
  readonly space: SpaceRow
  readonly partnership: PartnershipRow | null
  readonly checkpoint: CheckpointRow | null
  readonly lineage: Lineage | null
  /** The collections asked for that the partner's schema has. */
  readonly collections: readonly string[]
}

/** Looks up everything that the table of cases wants to know. Locks the partnership, writes nothing. */
export async function findFacts(
  tx: StorageTransaction,
  account: string,
  ask: ReceivedAsk,
  collections: readonly string[],
): Promise<Found> {
  const { key, partnershipId } = ask
  const space = await tx.getSpace()
  const partnership = key === 0 || partnershipId === null ? null : await tx.lockPartnership(account, partnershipId)
  const checkpoint =
    key === 0 || partnership === null ? null : await tx.getCheckpoint(partnership.partnershipId, key.n, key.tag)
  const lineage = checkpoint === null ? null : await findLineage(tx, checkpoint)
  const isOffLine = lineage !== null && (lineage.isSuccessorPresented || lineage.isBesideLine)
  const facts: KeyFacts = {
    isPrimary: true,
    key,
    partnership: partnership === null ? null : { oldestKept: await tx.getOldestKept(partnership.partnershipId) },
    checkpoint:
      checkpoint === null || lineage === null
        ? null
        : {
            cut: checkpoint.cut,
            hasSuccessor: (await tx.listChildren(checkpoint.partnershipId, checkpoint.n, checkpoint.tag)).length > 0,
            isSuccessorPresented: lineage.isSuccessorPresented,
            isSiblingPresented: lineage.isBesideLine,
            hasOtherCollections: collectionNames(checkpoint).join() !== collections.join(),
          },
    logFloor: space.floor,
    isRequestSeen: isOffLine && partnershipId !== null && (await tx.getRequest(partnershipId, ask.requestId)) !== null,
    isRestoreSeen: space.isRestoreSeen,
    rollbackTo: key === 0 || checkpoint !== null ? null : await findRollback(tx, account, ask.have, space),
  }
  return { facts, space, partnership, checkpoint, lineage, collections }
}

/** The newest checkpoint of `have` that is here under any partnership of the account, is settled, and can still be served. */
async function findRollback(
  tx: StorageReader,
  account: string,
  have: readonly CheckpointName[],
  space: SpaceRow,
): Promise<CheckpointName | null> {
  const isOwn = new Map<string, boolean>()
  for (const name of have) {
    const { partnershipId, n, tag } = name
    if (!isOwn.has(partnershipId)) {
      isOwn.set(partnershipId, (await tx.getPartnership(account, partnershipId)) !== null)
    }
    if (isOwn.get(partnershipId) !== true) continue
    const checkpoint = await tx.getCheckpoint(partnershipId, n, tag)
    if (checkpoint !== null && checkpoint.isSettled && checkpoint.cut >= space.floor) return name
  }
  return null
}
