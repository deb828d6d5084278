import { openLock, systemClock, systemRandom } from '../platform/index.ts'
import { makeDbName } from '../store/db-name.ts'
import { openIdbStore } from '../store/open-idb-store.ts'
import { deleteStore, emptyStore, openRegistry, type Registry } from '../store/registry.ts'
import { hashStoreOwner, type OpenRequest, requestToId } from '../contract/index.ts'
import type { WorkerEnvironment } from './environment.ts'

/** The worker's browser, behind the ports. */
export function createBrowserEnvironment(): WorkerEnvironment {
  /** Entries are made one after the other; nobody waits for them but who removes one. */
  let registering = Promise.resolve()
  return {
    openStore: async (request, listeners) => {
      const { endpoint, account, space, schema } = request
      const environment = { nowMs: () => systemClock.nowMs(), randomId: () => systemRandom.id() }
      const store = await openIdbStore({ endpoint, account, space, schema, ...listeners }, environment)
      const dbName = makeDbName(requestToId(request))
      registering = registering.then(() => register(dbName, request))
      return { store, dbName }
    },
    removeStore: async (id) => {
      const dbName = makeDbName(id)
      await registering
      await withRegistry((registry) => registry.remove(dbName))
      await deleteStore(dbName)
    },
    nameStore: makeDbName,
    listSpaces: async (owner) => {
      await registering
      const entries = await withRegistry((registry) => registry.list())
      return entries.filter((entry) => hashStoreOwner(entry) === hashStoreOwner(owner)).map(({ space }) => space)
    },
    retireStore: async (id) => {
      const dbName = makeDbName(id)
      await registering
      await withRegistry(async (registry) => {
        const entry = (await registry.list()).find((one) => one.dbName === dbName)
        if (entry !== undefined) await registry.put({ ...entry, isRetired: true })
      })
    },
    emptyStore: (id, when) => emptyStore(makeDbName(id), when),
    fetch: (url, init) => fetch(url, init),
    lock: openLock(navigator),
    clock: systemClock,
    random: systemRandom,
    // Missing in some WebKits, whatever the types say.
    storage: navigator.storage,
  }
}

/** Enters the store into the list that the service worker reads. A store that cannot be listed works all the same. */
async function register(dbName: string, request: OpenRequest): Promise<void> {
  const { schema, credentials, usesAuth } = request
  const entry = {
    ...requestToId(request),
    dbName,
    isRetired: false,
    credentials,
    usesAuth,
    schemaVersion: schema.version,
    lastOpenedMs: systemClock.nowMs(),
  }
  try {
    await withRegistry((registry) => registry.put(entry))
  } catch {
    // Then it syncs with a tab open only.
  }
}

async function withRegistry<T>(work: (registry: Registry) => Promise<T>): Promise<T> {
  const registry = await openRegistry()
  try {
    return await work(registry)
  } finally {
    registry.close()
  }
}
