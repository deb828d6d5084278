import { DigestBuilder, makeVersion } from 'web-sync-protocol'
import type { AppendedChange, Random, StorageTransaction } from '../contract/index.ts'
import { entryVersion, type Stage, stagedVersion } from './stage.ts'

/**
 * Writes what was staged. The space's head is locked here, last of all locks: so numbers come in the order of commits, without gaps,
 * and no reader ever skips one.
 */
export async function commitStage(tx: StorageTransaction, stage: Stage, random: Random, atMs: number): Promise<void> {
  const { changes } = stage
  await stage.commitAwaiting(atMs)
  if (changes.length === 0) return
  const { head, digest } = await tx.lockSpace()
  for (const [index, change] of changes.entries()) {
    change.number = head + 1 + index
    change.version = makeVersion(change.number, random.bits())
  }
  const staged = new Map(changes.map((change) => [stagedVersion(change), change.version]))
  const builder = new DigestBuilder(digest)
  const rows: AppendedChange[] = []
  let txEnd = 0
  // From the end, since each row names the last change of its mutation.
  for (const change of changes.toReversed()) {
    if (change.isLast) txEnd = change.number
    const { number, collection, id, version, mutationId, text } = change
    const unseen = change.unseen === null ? null : (staged.get(change.unseen) ?? change.unseen)
    const previousVersion = entryVersion(change.before)
    builder.replace(collection, previousVersion, text === null ? null : version)
    const facts = { number, txEnd, collection, id, version, previousVersion, mutationId, unseen, value: text, atMs }
    rows.push({ ...facts, priorMutations: change.priorMutations })
  }
  await tx.appendChanges(rows.toReversed(), builder.build())
}
