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
      const work = run.write(durability, (tx, log) => commitPage(tx, context, fence, received, log))
      return orFailed(orAbandoned<CommitResult>(work))
    },
    rollBack: (fence, to) => run.write('strict', (tx, log) => rollBack(tx, context, fence, to, log)),
    beginResync: (fence, reset, cause) =>
      run.write('strict', (tx, log) => beginResync(tx, context, fence, reset, cause, log)),
    setAside: (mutationId, code) => run.write('strict', (tx, log) => setAside(tx, context, mutationId, code, log)),
    removeAccess: (fence) => run.write('strict', (tx, log) => removeAccess(tx, context, fence, log)),
    writeMemory: (memory, done) => run.write('relaxed', (tx, log) => writeMemory(tx, context, memory, done, log)),
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
