import type { PruneResult, StorageTransaction } from '../contract/index.ts'
import type { EngineContext } from './context.ts'
import { rememberForgotten } from './forgotten.ts'

/** Outcomes that one transaction removes at most: others wait for it. */
const OUTCOMES_AT_ONCE = 10_000

/** Retention, space by space, each in transactions of its own. Everything goes by age; nothing by a global count, nor by what is in use. */
export async function prune(context: EngineContext): Promise<PruneResult> {
  let result: PruneResult = { logRows: 0, outcomes: 0, partnerships: 0 }
  for (const space of await context.storage.listSpaces()) {
    let isMore = true
    while (isMore) {
      const pruned = await context.storage.transaction(space, (tx) => pruneSpace(context, tx))
      result = {
        logRows: result.logRows + pruned.logRows,
        outcomes: result.outcomes + pruned.outcomes,
        partnerships: result.partnerships + pruned.partnerships,
      }
      isMore = pruned.outcomes >= OUTCOMES_AT_ONCE
    }
  }
  return result
}

async function pruneSpace(context: EngineContext, tx: StorageTransaction): Promise<PruneResult> {
  const { retention, ports } = context
  const nowMs = ports.clock.nowMs()
  const partnerships = await prunePartnerships(context, tx, nowMs)
  await tx.dateBack(nowMs)
  const outcomes = await tx.pruneOutcomes(
    nowMs - retention.outcomesMs,
    nowMs - retention.partnershipsMs,
    OUTCOMES_AT_ONCE,
  )
  await tx.lockSpace()
  await rememberForgotten(tx, outcomes)
  const logRows = await tx.pruneLog(nowMs - retention.logMs, nowMs)
  return { logRows, outcomes: outcomes.length, partnerships }
}

async function prunePartnerships(context: EngineContext, tx: StorageTransaction, nowMs: number): Promise<number> {
  const { retention } = context
  let count = 0
  for (const partnership of await tx.listPartnerships(null)) {
    const { partnershipId, isProvisional, lastSeenAtMs } = partnership
    // The clock was ahead when it was seen: it does not stay longer for that.
    if (lastSeenAtMs > nowMs) await tx.putPartnership({ ...partnership, lastSeenAtMs: nowMs })
    if (lastSeenAtMs >= nowMs - (isProvisional ? retention.provisionalMs : retention.partnershipsMs)) continue
    await tx.deletePartnership(partnershipId)
    count += 1
  }
  return count
}
