import type { CommitResult } from 'web-sync-protocol'
import type { SyncStore } from '../contract/index.ts'
import { isStorageFailure, orAbandoned } from './abandon.ts'
import { commitPage } from './commit-page.ts'
import type { StoreContext } from './context.ts'
import { readHave } from './inspect.ts'
import { readSendable } from './mutations.ts'
import { setAside } from './outbox.ts'
import { removeAccess } from './remove-access.ts'
import { beginResync } from './resync.ts'
import { rollBack } from './roll-back.ts'
import type { Runner } from './runner.ts'
import { checkOwner, readSync, syncToState } from './sync-row.ts'
import { writeMemory } from './write-memory.ts'

/** The engine's side of a store over opened rows. */
export function createSyncStore(run: Runner, context: StoreContext): SyncStore {
  return {
    readState: () =>
      run.read(async (tx) => {
        const sync = await readSync(tx)
        checkOwner(sync, context)
        return syncToState(sync, context)
      }),
    readHave: (max) => run.read((tx) => readHave(tx, max)),
    readOutbox: (limit) => run.read((tx) => readSendable(tx, limit)),
    async commitPage(fence, received) {
      const durability = fence.isResync && received.page.settled ? 'strict' : 'relaxed'
      const work = run.write(durability, (tx, notice) => commitPage(tx, context, fence, received, notice))
      return orFailed(orAbandoned<CommitResult>(work))
    },
    rollBack: (fence, to) => run.write('strict', (tx, notice) => rollBack(tx, context, fence, to, notice)),
    beginResync: (fence, reset, cause) =>
      run.write('strict', (tx, notice) => beginResync(tx, context, fence, reset, cause, notice)),
    setAside: (mutationId, code) =>
      run.write('strict', (tx, notice) => setAside(tx, context, mutationId, code, notice)),
    removeAccess: (fence) => run.write('strict', (tx, notice) => removeAccess(tx, context, fence, notice)),
    writeMemory: (memory, done) => run.write('relaxed', (tx, notice) => writeMemory(tx, context, memory, done, notice)),
  }
}

/** A page that the device could not store is an outcome to expect, not an exception. */
async function orFailed(work: Promise<CommitResult>): Promise<CommitResult> {
  try {
    return await work
  } catch (error) {
    if (isStorageFailure(error)) return 'failed'
    throw error
  }
}
