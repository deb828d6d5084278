import { isRecordId } from 'web-sync-protocol'
import type { RecordStore, Store, StoreOptions } from '../contract/index.ts'
import type { StoreContext } from './context.ts'
import { createSyncStore } from './create-sync-store.ts'
import { createGroupWriter } from './group-writes.ts'
import { findCollection } from './index-keys.ts'
import { inspect, listSalvage, listWrites, readSummary } from './inspect.ts'
import { listRefused, readRefusal } from './refused.ts'
import { findMutation, stageOf } from './mutations.ts'
import { discardMutation, retryMutation } from './outbox.ts'
import { checkLocalOps } from './prepare-ops.ts'
import { nextCursor } from './query-cursor.ts'
import { keepWarm, WarmRecords } from './packed/warm-records.ts'
import { planQuery, unknownCollection } from './query-plan.ts'
import { discardSalvage, restoreSalvage } from './restore-salvage.ts'
import type { RowDatabase } from './row-database.ts'
import { runCount, runQuery } from './run-query.ts'
import { createRunner, type Runner } from './runner.ts'
import { readSync, readSyncToWrite } from './sync-row.ts'
import { tidyStep } from './tidy.ts'
import { checkMutationId, readView } from './write-local.ts'

/** A store over opened rows. All its logic is the same whatever keeps the rows. */
export function createStore(database: RowDatabase, context: StoreContext, onNotice: StoreOptions['onNotice']): Store {
  const warm = new WarmRecords()
  const run = createRunner(database, context, onNotice, warm)
  return { ...createSyncStore(run, context), ...createRecordStore(run, context, warm, () => database.close()) }
}

function createRecordStore(
  run: Runner,
  context: StoreContext,
  warm: WarmRecords,
  close: () => Promise<void>,
): RecordStore {
  const writeGrouped = createGroupWriter(run, context)
  let hasKept = false
  /** What the first query has found is kept at once, for the next opening asks for it; later ones wait until the store is tidied up. */
  const keepFirst = (): void => {
    if (hasKept || !warm.isWanted) return
    hasKept = true
    const keeping = run.write('relaxed', async (tx) => {
      await readSyncToWrite(tx, context)
      await keepWarm(tx, warm, context.nowMs())
    })
    // Nobody waits for it: where it fails, packs are read again.
    keeping.catch(() => undefined)
  }
  return {
    async write(mutationId, ops) {
      checkMutationId(mutationId)
      const checked = checkLocalOps(context, ops)
      await writeGrouped(mutationId, checked)
    },
    async get(collection, id) {
      if (findCollection(context.schema, collection) === undefined) throw unknownCollection(collection)
      if (!isRecordId(id)) return undefined
      const view = await run.read(async (tx) => readView(tx, await readSync(tx), { collection, id }))
      return view ?? undefined
    },
    async query(query) {
      const plan = planQuery(context.schema, query)
      const result = await run.read(async (tx) => {
        const sync = await readSync(tx)
        const records = await runQuery(tx, sync.generation, plan)
        const isPartial = !sync.settledCollections.includes(plan.collection)
        return { records, isPartial, next: nextCursor(plan, records) }
      })
      keepFirst()
      return result
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
    readRefusal: (mutationId) => run.read((tx) => readRefusal(tx, mutationId)),
    async retry(mutationId, newMutationId, ops) {
      checkMutationId(newMutationId)
      await run.write('strict', (tx, notice) => retryMutation(tx, context, mutationId, newMutationId, ops, notice))
    },
    discard: (mutationId) => run.write('strict', (tx, notice) => discardMutation(tx, context, mutationId, notice)),
    listSalvage: () => run.read(listSalvage),
    async restoreSalvage(mutationId, entries) {
      checkMutationId(mutationId)
      return run.write('strict', (tx, notice) => restoreSalvage(tx, context, mutationId, entries, notice))
    },
    discardSalvage: (entries) => run.write('strict', (tx, notice) => discardSalvage(tx, context, entries, notice)),
    tidy: () => run.write('relaxed', (tx, notice) => tidyStep(tx, context, notice, warm)),
    close,
  }
}
