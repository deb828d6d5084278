import type { Clock } from '../contract/index.ts'
import { createLocalLock, systemClock, systemRandom } from '../platform/index.ts'
import { createMemoryStore } from '../store/create-memory-store.ts'
import { emptyRows } from '../store/empty-rows.ts'
import { createMemoryDatabase, type MemoryDatabase } from '../store/memory/memory-database.ts'
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
  const databases = new Map<string, MemoryDatabase>()
  // Locks and channels are named by the database, and those of two devices of one process must not meet.
  const deviceId = systemRandom.id()
  return {
    openStore: async ({ account, space, schema }, listeners) => {
      const dbName = `${deviceId} ${databaseKey(account, space)}`
      const database = databases.get(databaseKey(account, space)) ?? createMemoryDatabase()
      databases.set(databaseKey(account, space), database)
      const parts = { nowMs: () => clock.nowMs(), randomId: () => systemRandom.id() }
      return { store: await createMemoryStore({ account, space, schema, ...listeners }, parts, database), dbName }
    },
    removeStore: async (account, space) => void databases.delete(databaseKey(account, space)),
    nameStore: async (account, space) => `${deviceId} ${databaseKey(account, space)}`,
    listSpaces: async (account) =>
      [...databases.keys()]
        .map((key) => JSON.parse(key) as [account: string, space: string])
        .flatMap(([owner, space]) => (owner === account ? [space] : [])),
    // No service worker is here that could go on with it.
    retireStore: async () => undefined,
    emptyStore: async (account, space, when) => {
      const database = databases.get(databaseKey(account, space))
      return database === undefined ? 0 : emptyRows({ ...database, close: async () => undefined }, when)
    },
    fetch,
    lock: createLocalLock(),
    clock,
    random: systemRandom,
    storage: undefined,
  }
}

function databaseKey(account: string, space: string): string {
  return JSON.stringify([account, space])
}
