import { isKept } from 'web-sync-protocol'
import type {
  CheckpointRow,
  CheckpointStub,
  PartnershipRow,
  StorageReader,
  StorageTransaction,
} from '../contract/index.ts'
import { KEPT_SIBLINGS } from './context.ts'

/**
 * How a checkpoint lies to what its partnership has presented so far. The presented ones are one line, since whoever goes back behind
 * it is given a partnership of its own; so the newest of them decides.
 *
 *     ●──●──P──○──X      X follows P: its way back to P becomes presented with it
 *        └──○            a sibling: going on from it would be a second line
 */
export interface Lineage {
  /** True if a successor of it was presented. */
  readonly isSuccessorPresented: boolean
  /** True if it is not on the line, nor goes on from its end. */
  readonly isBesideLine: boolean
  /** It and its ancestors up to the line, as far as they are not marked presented yet. */
  readonly unmarked: readonly CheckpointStub[]
}

/** Finds how a checkpoint lies to its partnership's line. */
export async function findLineage(tx: StorageReader, checkpoint: CheckpointRow): Promise<Lineage> {
  const newest = await tx.getNewestPresented(checkpoint.partnershipId)
  if (newest !== null && checkpoint.n <= newest.n) {
    const isEnd = checkpoint.n === newest.n && checkpoint.tag === newest.tag
    const isSuccessorPresented = !isEnd && checkpoint.isPresented
    return { isSuccessorPresented, isBesideLine: !isEnd && !isSuccessorPresented, unmarked: [] }
  }
  const unmarked: CheckpointStub[] = []
  let step: CheckpointStub | null = checkpoint
  while (step !== null && !step.isPresented && step.n > (newest?.n ?? 0)) {
    unmarked.push(step)
    step = await findParent(tx, checkpoint.partnershipId, step, newest)
  }
  // A way back that is not complete any more, or leads elsewhere: then it cannot be shown to go on from the line.
  const isOnLine = newest === null || (step !== null && step.n === newest.n && step.tag === newest.tag)
  return { isSuccessorPresented: false, isBesideLine: !isOnLine, unmarked }
}

/** Nearly always it is the end of the line, which is known already. */
async function findParent(
  tx: StorageReader,
  partnershipId: string,
  { n, parentTag }: CheckpointStub,
  newest: CheckpointStub | null,
): Promise<CheckpointStub | null> {
  if (parentTag === null) return null
  if (newest !== null && newest.n === n - 1 && newest.tag === parentTag) return newest
  return tx.getCheckpoint(partnershipId, n - 1, parentTag)
}

/** The key was presented: it is confirmed with all before it, and what the rule does not keep is thinned away. */
export async function confirm(
  tx: StorageTransaction,
  partnership: PartnershipRow,
  checkpoint: CheckpointRow,
  lineage: Lineage,
  atMs: number,
): Promise<void> {
  if (lineage.unmarked.length === 0) return
  const { partnershipId } = partnership
  for (const { n, tag } of lineage.unmarked) await tx.markPresented(partnershipId, n, tag)
  await tx.putPartnership({ ...partnership, isProvisional: false, lastSeenAtMs: atMs })
  await tx.confirmOutcomes(partnershipId, checkpoint.n, checkpoint.cut, atMs)
  await thin(tx, partnershipId, checkpoint.n)
}

/** The rule of kept checkpoints; of unpresented ones the newest siblings only. */
async function thin(tx: StorageTransaction, partnershipId: string, newest: number): Promise<void> {
  const siblings = new Map<string, number>()
  const stubs = await tx.listCheckpointStubs(partnershipId)
  for (const { n, tag, parentTag, isPresented } of stubs.toReversed()) {
    if (n > newest) continue
    let place = 0
    if (!isPresented) {
      const family = `${n} ${parentTag}`
      place = (siblings.get(family) ?? 0) + 1
      siblings.set(family, place)
    }
    if (!isKept(n, newest) || place > KEPT_SIBLINGS) await tx.deleteCheckpoint(partnershipId, n, tag)
  }
}

/** Stores an issued checkpoint; of the unpresented children of one parent the newest stay, with what follows from them. */
export async function issue(tx: StorageTransaction, checkpoint: CheckpointRow): Promise<void> {
  await tx.insertCheckpoint(checkpoint)
  const { partnershipId, n, parentTag } = checkpoint
  if (parentTag === null) return
  const children = await tx.listChildren(partnershipId, n - 1, parentTag)
  const waiting = children.filter((child) => !child.isPresented)
  for (const child of waiting.slice(0, Math.max(0, waiting.length - KEPT_SIBLINGS))) {
    await deleteWithDescendants(tx, partnershipId, child)
  }
}

async function deleteWithDescendants(
  tx: StorageTransaction,
  partnershipId: string,
  root: CheckpointStub,
): Promise<void> {
  const doomed = [root]
  for (let next = doomed.pop(); next !== undefined; next = doomed.pop()) {
    doomed.push(...(await tx.listChildren(partnershipId, next.n, next.tag)))
    await tx.deleteCheckpoint(partnershipId, next.n, next.tag)
  }
}
