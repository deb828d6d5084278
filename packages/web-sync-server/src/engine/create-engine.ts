import { isName, type JsonObject, LIMITS, type Schema } from 'web-sync-protocol'
import {
  type Allow,
  type Authorize,
  type CommitNotice,
  type HostPorts,
  type ImportOptions,
  type ImportResult,
  type Inspection,
  type PartnerEngine,
  PartnerError,
  type PartnerEvent,
  type PartnerLimits,
  type PartnerStorage,
  type PruneResult,
  type ReadRecord,
  type Retention,
  type TransactResult,
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
    transact: async (space, write) => transact(context, checkSpace(space), write),
    importRecords: async (space, collection, records, importOptions) =>
      importRecords(context, checkSpace(space), collection, records, importOptions),
    read: async (space, collection, id) => readRecord(context, checkSpace(space), collection, id),
    inspect: async (space) => inspect(context, checkSpace(space)),
    prune: () => prune(context),
  }
}

/** No device could ask for a space of another name, and not every storage could keep it. */
function checkSpace(space: string): string {
  if (isName(space)) return space
  const message = `the name of a space must be a text of 1 to ${LIMITS.nameLength} well-formed characters`
  throw new PartnerError('invalid-option', message, { path: '/space' })
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
