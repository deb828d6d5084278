import type { JsonObject, Schema } from 'sync-protocol'
import type {
  Allow,
  Authorize,
  CommitNotice,
  HostPorts,
  ImportOptions,
  ImportResult,
  Inspection,
  PartnerEngine,
  PartnerEvent,
  PartnerLimits,
  PartnerStorage,
  PruneResult,
  ReadRecord,
  Retention,
  TransactResult,
} from '../contract/index.ts'
import { answerAsk } from './answer.ts'
import type { EngineContext } from './context.ts'
import { importRecords } from './import-records.ts'
import { inspect, readRecord } from './inspect.ts'
import { type OwnWriter, transact } from './own-write.ts'
import { rememberPartnerId } from './partner-id.ts'
import { prune } from './prune.ts'

/** What the engine is made of; defaults are the door's business. */
export interface EngineOptions {
  readonly schema: Schema
  readonly storage: PartnerStorage
  readonly ports: HostPorts
  readonly authorize: Authorize
  readonly allow: Allow | null
  readonly limits: PartnerLimits
  readonly retention: Retention
  readonly onEvent: (event: PartnerEvent) => void
}

/** The engine with what only the program that embeds it may do. */
export interface Engine extends PartnerEngine {
  transact(space: string, write: (tx: OwnWriter) => void): Promise<TransactResult>
  importRecords(
    space: string,
    collection: string,
    records: AsyncIterable<JsonObject> | Iterable<JsonObject>,
    options?: ImportOptions,
  ): Promise<ImportResult>
  read(space: string, collection: string, id: string): Promise<ReadRecord | null>
  inspect(space: string): Promise<Inspection>
  prune(): Promise<PruneResult>
}

/** Builds the engine: no fetch, no Node, no clock and no chance of its own. */
export function createEngine(options: EngineOptions): Engine {
  const listeners = new Set<(notice: CommitNotice) => void>()
  const notify = (notice: CommitNotice): void => {
    for (const listener of listeners) listener(notice)
  }
  const { storage } = options
  const context: EngineContext = {
    ...options,
    emit: options.onEvent,
    notify,
    readPartnerId: rememberPartnerId(options),
  }
  return {
    isPrimary: () => storage.isPrimary(),
    answer: (account, ask, signal) => answerAsk(context, account, ask, signal),
    findReadable: (account, partnershipIds) => findReadable(context, account, partnershipIds),
    newestKey: (space, partnershipId) => storage.read(space, (tx) => tx.getNewestIssued(partnershipId)),
    onCommit(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    transact: (space, write) => transact(context, space, write),
    importRecords: (space, collection, records, importOptions) =>
      importRecords(context, space, collection, records, importOptions),
    read: (space, collection, id) => readRecord(context, space, collection, id),
    inspect: (space) => inspect(context, space),
    prune: () => prune(context),
  }
}

async function findReadable(
  context: EngineContext,
  account: string,
  partnershipIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const readable = new Map<string, string>()
  const accessBySpace = new Map<string, boolean>()
  for (const { partnershipId, space } of await context.storage.findPartnerships(account, partnershipIds)) {
    if (!accessBySpace.has(space)) {
      const access = await context.authorize({ account, space })
      accessBySpace.set(space, access === 'write' || access === 'read')
    }
    if (accessBySpace.get(space) === true) readable.set(partnershipId, space)
  }
  return readable
}
