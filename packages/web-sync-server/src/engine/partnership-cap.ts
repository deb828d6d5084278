import type { StorageTransaction } from '../contract/index.ts'
import type { EngineContext } from './context.ts'

/** Before a partnership is made: provisional ones first, then the longest unseen, give way to the cap. `spare` is being answered. */
export async function makeRoomForPartnership(
  context: EngineContext,
  tx: StorageTransaction,
  account: string,
  spare: string | null,
): Promise<void> {
  const all = await tx.listPartnerships(account)
  const excess = all.length + 1 - context.limits.partnershipsPerAccount
  if (excess <= 0) return
  const candidates = all.filter(({ partnershipId }) => partnershipId !== spare)
  const provisional = candidates.filter(({ isProvisional }) => isProvisional)
  const others = candidates.filter(({ isProvisional }) => !isProvisional)
  for (const { partnershipId } of [...provisional, ...others].slice(0, excess))
    await tx.deletePartnership(partnershipId)
}
