import type { LocalOp, SyncError } from '../contract/index.ts'
import type { StoreContext } from './context.ts'
import type { Runner } from './runner.ts'
import { storeMutations } from './write-local.ts'
import { readSyncToWrite } from './sync-row.ts'

/** The most mutations in one transaction: others wait as long as it takes. */
const MAX_GROUP = 500

interface WaitingWrite {
  readonly mutationId: string
  readonly ops: readonly LocalOp[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Stores local writes, in the order in which they come, all that wait for their turn in one strictly durable transaction: a
 * transaction costs as much as ten rows, whatever is in it. Each promise resolves when the transaction with its own write is complete;
 * a write that cannot be stored is refused alone.
 */
export function createGroupWriter(
  run: Runner,
  context: StoreContext,
): (mutationId: string, checkedOps: readonly LocalOp[]) => Promise<void> {
  const waiting: WaitingWrite[] = []
  let isDue = false

  const take = (): readonly WaitingWrite[] => {
    const group = waiting.splice(0, MAX_GROUP)
    isDue = waiting.length > 0
    if (isDue) void storeNext()
    return group
  }
  const storeNext = async (): Promise<void> => {
    let group: readonly WaitingWrite[] | null = null
    try {
      const faults = await run.write('strict', async (tx, notice) => {
        const sync = await readSyncToWrite(tx, context)
        // Only now, when it is their turn: whatever has come meanwhile is taken along. The same ones if the database had to be mended.
        group ??= take()
        return (await storeMutations(tx, context, sync, group, notice)).faults
      })
      settle(group ?? [], faults)
    } catch (error) {
      // A transaction that could not even begin fails those for which it was to be.
      for (const write of group ?? take()) write.reject(error)
    }
  }

  return (mutationId, ops) =>
    new Promise((resolve, reject) => {
      waiting.push({ mutationId, ops, resolve, reject })
      if (isDue) return
      isDue = true
      void storeNext()
    })
}

function settle(group: readonly WaitingWrite[], faults: readonly (SyncError | null)[]): void {
  for (const [index, write] of group.entries()) {
    const fault = faults[index] ?? null
    if (fault === null) write.resolve()
    else write.reject(fault)
  }
}
