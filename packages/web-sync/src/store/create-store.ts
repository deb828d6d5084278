import { type CommitResult, isRecordId } from 'sync-protocol'
import { type RecordStore, type Store, type StoreOptions, SyncError, type SyncStore } from '../contract/index.ts'
import { isStorageFailure, orAbandoned } from './abandon.ts'
import { commitPage } from './commit-page.ts'
import { ChangeLog, type StoreContext, type StoreEnvironment } from './context.ts'
import { inspect, listRefused, listSalvage, listWrites, readHave, readSummary } from './inspect.ts'
import { findMutation, readSendable, stageOf } from './mutations.ts'
import { discardMutation, retryMutation, setAside } from './outbox.ts'
import { checkLocalOps } from './prepare-ops.ts'
import { planQuery, unknownCollection } from './query-plan.ts'
import { removeAccess } from './remove-access.ts'
import { discardSalvage, restoreSalvage } from './restore-salvage.ts'
import { beginResync } from './resync.ts'
import { rollBack } from './roll-back.ts'
import type { RowDatabase, RowReader, RowWriter } from './row-database.ts'
import { runCount, runQuery } from './run-query.ts'
import { findCollection } from './index-keys.ts'
import { checkOwner, readSync, syncToState } from './sync-row.ts'
import { tidyStep } from './tidy.ts'
import { checkMutationId, readView, writeLocal } from './write-local.ts'
import { writeMemory } from './write-memory.ts'

/** Runs a store's transactions: reads, and writes that are followed by a notice. */
interface Runner {
  read<T>(work: (tx: RowReader) => Promise<T>): Promise<T>
  write<T>(durability: 'strict' | 'relaxed', work: (tx: RowWriter, log: ChangeLog) => Promise<T>): Promise<T>
}

/** What a store is made with: the options it is opened with become a context. */
export function toContext(options: StoreOptions, environment: StoreEnvironment): StoreContext {
  const { account, space, schema } = options
  return {
    account,
    space,
    schema,
    nowMs: () => environment.nowMs(),
    randomId: () => environment.randomId(),
  }
}

/** A store over opened rows. All its logic is the same whatever keeps the rows. */
export function createStore(database: RowDatabase, context: StoreContext, onNotice: StoreOptions['onNotice']): Store {
  const run: Runner = {
    read: (work) => database.read(work),
    async write(durability, work) {
      const log = new ChangeLog()
      const result = await database.write(durability, (tx) => work(tx, log))
      const notice = log.build()
      if (notice !== null) onNotice(notice)
      return result
    },
  }
  return { ...createSyncStore(run, context), ...createRecordStore(run, context, () => database.close()) }
}

function createSyncStore(run: Runner, context: StoreContext): SyncStore {
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

function createRecordStore(run: Runner, context: StoreContext, close: () => Promise<void>): RecordStore {
  return {
    async write(mutationId, ops) {
      checkMutationId(mutationId)
      const checked = checkLocalOps(context, ops)
      await run.write('strict', (tx, log) => writeLocal(tx, context, mutationId, checked, log))
    },
    async get(collection, id) {
      if (findCollection(context.schema, collection) === undefined) throw unknownCollection(collection)
      if (!isRecordId(id)) return undefined
      const view = await run.read(async (tx) => readView(tx, await readSync(tx), { collection, id }))
      return view ?? undefined
    },
    async query(query) {
      const plan = planQuery(context.schema, query)
      return run.read(async (tx) => {
        const sync = await readSync(tx)
        const records = await runQuery(tx, sync.generation, plan)
        return { records, isPartial: !sync.settledCollections.includes(plan.collection) }
      })
    },
    async count(query) {
      const plan = planQuery(context.schema, query)
      return run.read(async (tx) => runCount(tx, (await readSync(tx)).generation, plan))
    },
    readSummary: () => run.read(readSummary),
    inspect: () => run.read(inspect),
    listWrites: () => run.read(listWrites),
    readStage: (mutationId) => run.read(async (tx) => stageOf(await findMutation(tx, mutationId))),
    listRefused: () => run.read(listRefused),
    async retry(mutationId, newMutationId, ops) {
      checkMutationId(newMutationId)
      await run.write('strict', (tx, log) => retryMutation(tx, context, mutationId, newMutationId, ops, log))
    },
    discard: (mutationId) => run.write('strict', (tx, log) => discardMutation(tx, context, mutationId, log)),
    listSalvage: () => run.read(listSalvage),
    async restoreSalvage(mutationId, entries) {
      checkMutationId(mutationId)
      return run.write('strict', (tx, log) => restoreSalvage(tx, context, mutationId, entries, log))
    },
    discardSalvage: (entries) => run.write('strict', (tx, log) => discardSalvage(tx, context, entries, log)),
    tidy: () => run.write('relaxed', (tx, log) => tidyStep(tx, context, log)),
    close,
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

/** The error of every use after `close`. */
export function closedError(): SyncError {
  return new SyncError('closed', 'The space was closed or wiped: open it again.')
}
