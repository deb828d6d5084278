import type { PruneResult, StorageTransaction } from '../contract/index.ts'
import type { EngineContext } from './context.ts'

/** Retention, space by space, each in a transaction of its own. Everything goes by age; nothing by a global count. */
export async function prune(context: EngineContext): Promise<PruneResult> {
  let result: PruneResult = { logRows: 0, outcomes: 0, partnerships: 0 }
  for (const space of await context.storage.listSpaces()) {
    const { logRows, outcomes, partnerships } = await context.storage.transaction(space, (tx) =>
      pruneSpace(context, tx),
    )
    result = {
      logRows: result.logRows + logRows,
      outcomes: result.outcomes + outcomes,
      partnerships: result.partnerships + partnerships,
    }
  }
  return result
}

async function pruneSpace(context: EngineContext, tx: StorageTransaction): Promise<PruneResult> {
  const { retention, ports } = context
  const nowMs = ports.clock.nowMs()
  let partnerships = 0
  for (const { partnershipId, isProvisional, lastSeenAtMs } of await tx.listPartnerships(null)) {
    if (lastSeenAtMs >= nowMs - (isProvisional ? retention.provisionalMs : retention.partnershipsMs)) continue
    await tx.deletePartnership(partnershipId)
    partnerships += 1
  }
  const outcomes = await tx.pruneOutcomes(nowMs - retention.outcomesMs, nowMs - retention.partnershipsMs)
  // What they wait for may come as long as a device sends it again.
  await tx.pruneAwaitingDeletes(nowMs - Math.max(retention.logMs, retention.outcomesMs))
  // An unfinished snapshot that is in use needs the log from its cut on.
  const unsettledCut = await tx.getSmallestUnsettledCut(nowMs - retention.logMs)
  const { head } = await tx.lockSpace()
  const logRows = await tx.pruneLog(nowMs - retention.logMs, unsettledCut ?? head)
  return { logRows, outcomes, partnerships }
}
