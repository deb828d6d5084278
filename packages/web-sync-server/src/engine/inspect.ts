import type { JsonObject } from 'web-sync-protocol'
import type { InspectedPartnership, Inspection, ReadRecord } from '../contract/index.ts'
import type { EngineContext } from './context.ts'

/** What a panel shows of a space. */
export function inspect(context: EngineContext, space: string): Promise<Inspection> {
  return context.storage.read(space, async (tx) => {
    const row = await tx.getSpace()
    const partnerships: InspectedPartnership[] = []
    for (const partnership of await tx.listPartnerships(null)) {
      const checkpoints = await tx.listCheckpoints(partnership.partnershipId)
      partnerships.push({
        ...partnership,
        checkpoints: checkpoints.map(({ n, tag, parentTag, cut, isPresented, isSettled, requestId, createdAtMs }) => ({
          n,
          tag,
          parentTag,
          cut,
          isPresented,
          isSettled,
          requestId,
          createdAtMs,
        })),
      })
    }
    return { space, ...row, partnerships }
  })
}

/** A record as it is now; null: there is none. */
export function readRecord(
  context: EngineContext,
  space: string,
  collection: string,
  id: string,
): Promise<ReadRecord | null> {
  return context.storage.read(space, async (tx) => {
    const row = await tx.getRecord(collection, id)
    return row === null ? null : { version: row.version, value: JSON.parse(row.value) as JsonObject }
  })
}
