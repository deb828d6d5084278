import { anyBytes } from 'web-sync-server/browser'
import type { World } from '../world.ts'

/**
 * S3: no mutation stands in the log twice. S6: the rows of a mutation stand together. S7: those of one device stand in its order.
 * Looks at the history that the partner has now. `refused`: the mutations that somebody sees as refused.
 */
export async function checkLog(world: World, space: string, refused: ReadonlyMap<string, string>): Promise<void> {
  const { story, host, ledger } = world
  const rows = await host.read(space, async (tx) => {
    const { head, floor } = await tx.getSpace()
    return tx.listLog(floor, head, anyBytes(1_000_000))
  })
  const ends = new Map<string, number>()
  for (const { mutationId, txEnd } of rows) {
    if (mutationId === null) continue
    const known = ends.get(mutationId)
    if (known === undefined) ends.set(mutationId, txEnd)
    else if (known !== txEnd && !(ledger.isReused(mutationId) && ledger.isBeyondRetention))
      // An id that is used again when its first outcome was forgotten by its age is a new one to the partner.
      story.fail('S3', `${mutationId.slice(0, 8)} took effect twice, at ${known} and at ${txEnd}`)
  }
  // The others pass one that was set aside, as they should; copies of a device have orders of their own.
  if (ledger.hasCopies || world.devices.some((device) => device.hasSetAside)) return
  const lastOf = new Map<string, { readonly order: number; readonly mutationId: string }>()
  for (const mutationId of ends.keys()) {
    const write = ledger.get(mutationId)
    if (write === undefined || !write.isOrdered || ledger.isReused(mutationId)) continue
    // A delayed ask may bring a write that a sign-out discarded, or that is too old to be replayed,
    // at any time.
    if (world.has('sign-out') && ledger.isForgiven(mutationId)) continue
    if (ledger.isTooOldToReplay(mutationId)) continue
    // Refused by a history that was lost, and then brought to this one by an ask that had been held up all the time.
    const wasAnsweredOtherwise = ledger.historiesLost > 0 && refused.has(mutationId)
    if (wasAnsweredOtherwise) continue
    const order = ledger.orderOf(write)
    const last = lastOf.get(write.device)
    if (last !== undefined && last.order > order) {
      story.fail('S7', `${mutationId.slice(0, 8)} of ${write.device} took effect after ${last.mutationId.slice(0, 8)}`)
    }
    lastOf.set(write.device, { order, mutationId })
  }
}

/** L5: what the partner keeps of each partnership is bounded by its age's logarithm, and a checkpoint goes on from the one before it. */
export async function checkPartnerSize(world: World, space: string): Promise<void> {
  const { story, host } = world
  await host.read(space, async (tx) => {
    for (const { partnershipId } of await tx.listPartnerships(null)) {
      const checkpoints = await tx.listCheckpoints(partnershipId)
      const newest = checkpoints.reduce((max, { n, isPresented }) => (isPresented ? Math.max(max, n) : max), 0)
      const tooMany = checkpoints.filter(({ n, isPresented }) => isPresented && !mayBeKept(n, newest))
      if (tooMany.length > 0) story.fail('L5', `checkpoint ${tooMany[0]?.n} is kept though ${newest} is presented`)
      const byTag = new Map(checkpoints.map((checkpoint) => [checkpoint.tag, checkpoint]))
      for (const { n, parentTag, cut } of checkpoints) {
        const parent = parentTag === null ? undefined : byTag.get(parentTag)
        if (parent !== undefined && parent.n + 1 !== n) story.fail('S9', `checkpoint ${n} goes on from ${parent.n}`)
        if (parent !== undefined && parent.cut > cut)
          story.fail('S9', `the cut of checkpoint ${n} is before its parent’s`)
      }
    }
  })
}

/** The table of docs/protocol.md section 5, in other words than those of the product. */
function mayBeKept(n: number, newest: number): boolean {
  const rows: readonly (readonly [distance: number, divisor: number])[] = [
    [16, 1],
    [64, 4],
    [256, 16],
    [1_024, 64],
    [4_096, 256],
  ]
  const row = rows.find(([distance]) => newest - n < distance)
  const isPowerOfTwo = (n & (n - 1)) === 0
  return row === undefined || n % row[1] === 0 || isPowerOfTwo
}
