import { type CollectionsByName, schemaToShape, type WakeReason } from 'web-sync-protocol'
import {
  decodeError,
  type LocalOp,
  type SpaceApi,
  type SpaceEvent,
  type SpaceStatus,
  type StoreId,
  SyncError,
  type WriteStage,
} from '../contract/index.ts'
import { checkOp, needsPreview, validateOps, wholeValues } from './check-ops.ts'
import { checkNames } from './check-options.ts'
import { type Call, closedHere, Connection } from './connection.ts'
import { createQueryHub } from './live-query.ts'
import { newMutationId } from './mutation-id.ts'
import { createObservable, type ObservableSource } from './observable.ts'
import { rememberSync } from './remembered-sync.ts'
import type { CollectionQuery, EntryList, Space, SpaceCollection, SpaceOptions, Transaction } from './space.ts'
import { createHandOver } from './background-sync.ts'
import { forwardWakes } from './wake-forwarder.ts'
import { createOwnWorker } from './worker-link.ts'
import { createWrite, findWrite, type Write } from './write.ts'

/**
 * Opens a space: its records on this device, and their sync with the partner. Works offline from the first call. Resolves when the
 * store is open; rejects with `invalid-option`, `newer-schema`, `account-mismatch`, `storage-failed`, `storage-forbidden`, or `internal` if the worker
 * cannot be started.
 *
 * @example
 * const space = await openSpace({ schema, space: 'team-7', account: user.id, endpoint: '/sync' })
 * await space.collections.notes.insert({ id: crypto.randomUUID(), text: 'hello' })
 */
export async function openSpace<Collections extends CollectionsByName>(
  options: SpaceOptions<Collections>,
): Promise<Space<Collections>> {
  const storeId = checkNames(options)
  const { account, space, endpoint, movedFrom } = storeId
  const remembered = rememberSync(storeId)
  let open: OpenSpace<Collections> | null = null
  const early: SpaceEvent[] = []
  const { connection, status } = await Connection.open({
    createWorker: options.createWorker ?? createOwnWorker,
    request: {
      account,
      space,
      schema: schemaToShape(options.schema),
      endpoint,
      movedFrom,
      credentials: options.credentials ?? 'same-origin',
      usesAuth: options.getAuth !== undefined,
      // Read again for each worker: one may end long after the page has begun.
      get remembered() {
        return remembered.read()
      },
    },
    transportPort: options.transportPort ?? null,
    getAuth: options.getAuth?.bind(undefined) ?? null,
    onEvent: (event) => void (open === null ? early.push(event) : open.onEvent(event)),
  })
  open = createSpace(options, storeId, connection, createObservable(status), remembered)
  for (const event of early) open.onEvent(event)
  return open.space
}

interface OpenSpace<Collections extends CollectionsByName> {
  readonly space: Space<Collections>
  readonly onEvent: (event: SpaceEvent) => void
}

function createSpace<Collections extends CollectionsByName>(
  options: SpaceOptions<Collections>,
  storeId: StoreId,
  connection: Connection,
  status: ObservableSource<SpaceStatus>,
  remembered: ReturnType<typeof rememberSync>,
): OpenSpace<Collections> {
  let closedBy: SyncError | null = null
  const call: Call = async (work, wasDone) => {
    if (closedBy !== null) throw closedBy
    return connection.call(work, wasDone)
  }
  const end = (error: SyncError): void => {
    if (closedBy !== null) return
    closedBy = error
    stopWakes()
    background.stop()
    status.set({ ...status.getSnapshot(), state: 'closed' })
    void connection.close()
  }
  const wake = (reason: WakeReason | null, isOnline: boolean): void => {
    // A space that closes meanwhile says so itself.
    call(async (api) => api.wake(reason, isOnline)).catch(() => undefined)
  }
  const stopWakes = forwardWakes((reason, isOnline) => {
    wake(reason, isOnline)
    background.check(!isOnline)
  })
  const background = createHandOver(() => {
    const { state, pending, setAside } = status.getSnapshot()
    return state !== 'local' && pending > setAside
  })
  const queries = createQueryHub(call)
  const writer = createWriter(options, call, () => {
    if (status.getSnapshot().state !== 'local') background.wrote()
  })
  const lists: { refresh(): void }[] = []
  const list = <Entry>(load: (from: SpaceApi) => Promise<Entry[]>): EntryList<Entry> => {
    const entries = createEntryList(() => call(load))
    lists.push(entries)
    return { list: entries.list, getSnapshot: entries.getSnapshot, subscribe: entries.subscribe }
  }
  const closeBy = async <T>(work: (from: SpaceApi) => Promise<T>): Promise<T> => {
    const result = await call(work)
    end(closedHere())
    return result
  }

  const space: Space<Collections> = {
    account: storeId.account,
    space: storeId.space,
    collections: mapCollections(options, (name): SpaceCollection<unknown> => {
      const one = (op: LocalOp['op'], id: unknown, value?: unknown): Write =>
        writer.write(() => [checkOp(0, op, name, id, value)])
      return {
        insert: (value) => one('insert', undefined, value),
        put: (value) => one('put', undefined, value),
        patch: (id, patch) => one('patch', id, patch),
        delete: (id) => one('delete', id),
        get: (id) => call((from) => from.get(name, id)),
        query: (query: CollectionQuery = {}) => queries.create({ ...query, collection: name }),
      }
    }) as Space<Collections>['collections'],
    mutate: (build) => writer.write(() => collectOps(options, build)),
    write: (mutationId) => findWrite(mutationId, call),
    status: { getSnapshot: status.getSnapshot, subscribe: status.subscribe },
    writes: {
      ...list((from) => from.listWrites()),
      retry: (mutationId) => {
        const again = call((from) => from.retry(mutationId, mutationId, null), isStage(mutationId, SENT_AGAIN))
        return createWrite(mutationId, again, call)
      },
      discard: (mutationId) => call((from) => from.discard(mutationId), isStage(mutationId, ['discarded'])),
    },
    refused: {
      ...list((from) => from.listRefused()),
      retry: (mutationId) => writer.retry(mutationId, null),
      edit: (mutationId, build) => writer.retry(mutationId, () => collectOps(options, build)),
      discard: (mutationId) => call((from) => from.discard(mutationId), isStage(mutationId, ['discarded'])),
    },
    salvage: {
      ...list((from) => from.listSalvage()),
      restore: (choice = 'all') => {
        // Drawn once: a worker that ends before it has answered may have done it.
        const mutationId = newMutationId()
        return call((from) => from.restoreSalvage(mutationId, choice))
      },
      discard: (choice = 'all') => call((from) => from.discardSalvage(choice)),
    },
    inspect: () => call((from) => from.inspect()),
    retry: () => wake('retry', navigator.onLine),
    persistStorage: () => persistStorage(call),
    wipe: async () => {
      remembered.forget()
      const given = await closeBy((from) => from.wipe())
      // A status that was on its way may have noted it once more.
      remembered.forget()
      return given
    },
    signOut: async ({ unsent, timeoutMs = 30_000, signal }) => {
      const stop = (): void => void call(async (from) => from.endSignOut()).catch(() => undefined)
      signal?.addEventListener('abort', stop)
      const signingOut = call((from) => from.signOut(unsent, timeoutMs))
      if (signal?.aborted === true) stop()
      const result = await signingOut.finally(() => signal?.removeEventListener('abort', stop))
      if (result.type === 'removed') {
        for (const { space: name } of result.spaces) rememberSync({ ...storeId, space: name }).forget()
      }
      if (result.type !== 'unsent') end(closedHere())
      return result
    },
    close: async () => {
      if (closedBy === null) await closeBy((from) => from.close())
    },
  }

  return {
    space,
    onEvent: (event) => {
      switch (event.type) {
        case 'status':
          if (closedBy !== null) return
          remembered.write(event.status)
          status.set(event.status)
          background.check(event.status.state === 'waiting')
          break
        case 'result':
        case 'query-failed':
          queries.onEvent(event)
          break
        case 'entries':
          for (const entries of lists) entries.refresh()
          break
        case 'report':
          options.onReport?.(event.code)
          break
        case 'closed':
          // The tab that removes it cannot know what this one has noted in the last moment.
          if (event.isRemoved) remembered.forget()
          end(decodeError(event.error))
          break
      }
    },
  }
}

// --- writes

interface Writer {
  write(build: () => readonly LocalOp[]): Write
  retry(mutationId: string, build: (() => readonly LocalOp[]) | null): Write
}

/** Makes mutations of operations, in the order in which they were called for. */
function createWriter<Collections extends CollectionsByName>(
  options: SpaceOptions<Collections>,
  call: Call,
  onStored: () => void,
): Writer {
  const { collections } = options.schema
  let hasAskedToPersist = options.persistStorage === false
  /** Writes that wait for a look at the device's records, and all after them: order is kept. */
  let queue: Promise<unknown> = Promise.resolve()
  let queued = 0

  const store = async (ops: readonly LocalOp[], send: () => Promise<void>): Promise<void> => {
    const isWhole = !needsPreview(collections, ops)
    if (isWhole) validateOps(collections, ops, wholeValues(ops))
    if (isWhole && queued === 0) return send()
    const before = queue
    const mine = (async () => {
      await before
      if (!isWhole) validateOps(collections, ops, await call((api) => api.preview(ops)))
      await send()
    })()
    queued += 1
    queue = mine.then(
      () => (queued -= 1),
      () => (queued -= 1),
    )
    return mine
  }

  const begin = (
    build: () => readonly LocalOp[],
    send: (id: string, ops: readonly LocalOp[]) => Promise<void>,
  ): Write => {
    const mutationId = newMutationId()
    const stored = (async () => {
      const ops = build()
      await store(ops, () => send(mutationId, ops))
      onStored()
      if (hasAskedToPersist) return
      hasAskedToPersist = true
      persistStorage(call).catch(() => undefined)
    })()
    return createWrite(mutationId, stored, call)
  }

  return {
    write: (build) => begin(build, (id, ops) => call((api) => api.write(id, ops))),
    retry: (mutationId, build) =>
      begin(build ?? (() => []), (id, ops) =>
        call((api) => api.retry(mutationId, id, build === null ? null : ops), isStage(id, KNOWN)),
      ),
  }
}

function collectOps<Collections extends CollectionsByName>(
  options: SpaceOptions<Collections>,
  build: (tx: Transaction<Collections>) => void,
): LocalOp[] {
  const ops: LocalOp[] = []
  const add = (op: LocalOp['op'], name: string, id: unknown, value?: unknown): void => {
    ops.push(checkOp(ops.length, op, name, id, value))
  }
  build(
    mapCollections(options, (name) => ({
      insert: (value: unknown) => add('insert', name, undefined, value),
      put: (value: unknown) => add('put', name, undefined, value),
      patch: (id: string, patch: unknown) => add('patch', name, id, patch),
      delete: (id: string) => add('delete', name, id),
    })) as Transaction<Collections>,
  )
  return ops
}

// --- small things

/** Stages of a write of which something is known. */
const KNOWN: readonly WriteStage[] = ['stored', 'set-aside', 'accepted', 'durable', 'dropped', 'lost', 'refused']
/** Stages of one that is not set aside any more. */
const SENT_AGAIN: readonly WriteStage[] = ['stored', 'accepted', 'durable', 'dropped', 'lost', 'refused']

/** Looks whether what a call was to do was done. */
function isStage(mutationId: string, stages: readonly WriteStage[]): (api: SpaceApi) => Promise<boolean> {
  return async (api) => stages.includes(await api.readStage(mutationId))
}

function mapCollections<Collections extends CollectionsByName, T>(
  options: SpaceOptions<Collections>,
  make: (name: string) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.keys(options.schema.collections).map((name) => [name, make(name)]))
}

function createEntryList<Entry>(load: () => Promise<Entry[]>): EntryList<Entry> & { readonly refresh: () => void } {
  const refresh = (): void => {
    if (!entries.hasListeners()) return
    // A space that closes meanwhile says so itself.
    load().then(entries.set, () => undefined)
  }
  const entries = createObservable<readonly Entry[]>([], undefined, refresh)
  return { list: load, getSnapshot: entries.getSnapshot, subscribe: entries.subscribe, refresh }
}

async function persistStorage(call: Call): Promise<boolean> {
  const isPersisted = await askToPersist()
  await call((api) => api.refreshStorage())
  return isPersisted
}

/** Only the page can ask; where there is no such thing, or it may not be asked for, the answer is no. */
async function askToPersist(): Promise<boolean> {
  try {
    return (await (navigator.storage as Partial<StorageManager> | undefined)?.persist?.()) ?? false
  } catch {
    return false
  }
}
