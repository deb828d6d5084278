import { type Clock, hashStoreId, hashStoreOwner, requestToId, type StoreId } from '../contract/index.ts'
import { createLocalLock, systemClock, systemRandom } from '../platform/index.ts'
import { createMemoryStore } from '../store/create-memory-store.ts'
import { createMemoryDatabase, type MemoryDatabase } from '../store/memory/memory-database.ts'
import type { RowDatabase } from '../store/row-database.ts'
import { countUnsent, emptyRows, isNothing, NOTHING_UNSENT } from '../store/unsent-rows.ts'
import type { Fetch } from '../transport/index.ts'
import type { WorkerEnvironment } from '../worker/environment.ts'
import { serveWorker } from '../worker/serve-worker.ts'

/** What a test device is made of. */
export interface TestDeviceOptions {
  /** Its network, e.g. {@link FakePartner.fetch}, alone or inside {@link scriptFetch}. */
  readonly fetch: Fetch
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** A device for tests: its stores stay in memory as long as this object does, whatever opens and closes on it. */
export interface TestDevice {
  /** The option `createWorker` of `openSpace`: a tab of this device. A new function for each tab, or one for all of a page. */
  readonly createWorker: () => Worker
}

/**
 * A device without a browser: the real engine, the real store logic and the real code of the worker, on rows in memory and without a
 * thread. The page still needs what every page has; see {@link createPageGlobals}.
 *
 * @example
 * const device = createTestDevice({ fetch: partner.fetch })
 * const space = await openSpace({ schema, space: 'team-1', account: 'ada', endpoint: '/sync', createWorker: device.createWorker })
 */
export function createTestDevice(options: TestDeviceOptions): TestDevice {
  const environment = createEnvironment(options)
  return {
    createWorker: () => {
      const { port1, port2 } = new MessageChannel()
      serveWorker(environment, port2)
      // What the page uses of a worker: messages, listeners, and its end.
      return Object.assign(port1, { terminate: () => port1.close() }) as unknown as Worker
    },
  }
}

function createEnvironment({ fetch, clock = systemClock }: TestDeviceOptions): WorkerEnvironment {
  const stores = new Map<string, { readonly id: StoreId; readonly rows: MemoryDatabase }>()
  // Locks and channels are named by the database, and those of two devices of one process must not meet.
  const deviceId = systemRandom.id()
  const nameStore = (id: StoreId): string => `${deviceId} ${hashStoreId(id)}`
  return {
    openStore: async (request, listeners) => {
      const { endpoint, account, space, schema } = request
      const id = requestToId(request)
      const dbName = nameStore(id)
      const { rows } = stores.get(dbName) ?? { rows: createMemoryDatabase() }
      stores.set(dbName, { id, rows })
      const parts = { nowMs: () => clock.nowMs(), randomId: () => systemRandom.id() }
      return { store: await createMemoryStore({ endpoint, account, space, schema, ...listeners }, parts, rows), dbName }
    },
    removeStore: async (id, when, onRemoving) => {
      const store = stores.get(nameStore(id))
      const unsent = store === undefined ? NOTHING_UNSENT : await emptyRows(closable(store.rows), when, false)
      if (when === 'if-sent' && !isNothing(unsent)) return { unsent, isRemoved: false }
      await onRemoving()
      stores.delete(nameStore(id))
      return { unsent, isRemoved: true }
    },
    nameStore,
    listSpaces: async (owner) => {
      const ids = [...stores.values()].map(({ id }) => id)
      return ids.filter((id) => hashStoreOwner(id) === hashStoreOwner(owner)).map(({ space }) => space)
    },
    countUnsent: async (id) => {
      const store = stores.get(nameStore(id))
      return store === undefined ? NOTHING_UNSENT : countUnsent(closable(store.rows), false)
    },
    // No service worker is here that could go on with it.
    retireStore: async () => undefined,
    fetch,
    lock: createLocalLock(),
    clock,
    random: systemRandom,
    storage: undefined,
  }
}

function closable(rows: MemoryDatabase): RowDatabase {
  return { ...rows, close: async () => undefined }
}
