import { openLock, orNone, systemClock, systemRandom } from '../platform/index.ts'
import { makeDbName } from '../store/db-name.ts'
import { openIdbStore } from '../store/open-idb-store.ts'
import { hasList } from '../store/idb/door.ts'
import { countStore, listStoresBeside, removeStore, withRegistry } from '../store/remove-store.ts'
import { formerIds, hashStoreOwner, type OpenRequest, requestToId, type StoreId } from '../contract/index.ts'
import type { WorkerEnvironment } from './environment.ts'

/** The worker's browser, behind the ports. */
export function createBrowserEnvironment(): WorkerEnvironment {
  /** Entries are made one after the other; nobody waits for them but who removes one. */
  let registering = Promise.resolve()
  return {
    openStore: async (request, listeners) => {
      const { endpoint, movedFrom, account, space, schema } = request
      const environment = { nowMs: () => systemClock.nowMs(), randomId: () => systemRandom.id() }
      const store = await openIdbStore({ endpoint, movedFrom, account, space, schema, ...listeners }, environment)
      const dbName = makeDbName(requestToId(request))
      registering = registering.then(() => register(dbName, request))
      // There only the registry knows which stores there are: none is used before it is in it.
      if (!hasList()) await registering
      return { store, dbName }
    },
    countUnsent: async (id) => countStore(...namesOf(id)),
    removeStore: async (id, when, onRemoving) => {
      await registering
      return removeStore(namesOf(id), when, onRemoving)
    },
    nameStore: makeDbName,
    listSpaces: async (owner) => {
      await registering
      const entries = await withRegistry((registry) => registry.list())
      const beside = await listStoresBeside(entries)
      const owners = [owner, ...formerIds({ ...owner, space: '' })].map(hashStoreOwner)
      const own = [...entries, ...beside].filter((entry) => owners.includes(hashStoreOwner(entry)))
      return [...new Set(own.map(({ space }) => space))]
    },
    retireStore: async (id) => {
      const names = namesOf(id)
      await registering
      await withRegistry(async (registry) => {
        for (const entry of await registry.list()) {
          if (names.includes(entry.dbName)) await registry.put({ ...entry, isRetired: true })
        }
      })
    },
    fetch: (url, init) => fetch(url, init),
    lock: openLock(navigator),
    clock: systemClock,
    random: systemRandom,
    // Missing in some WebKits, whatever the types say.
    storage: orNone(() => navigator.storage),
  }
}

/** Of the store's database, and of those at former addresses that may be left. */
function namesOf(id: StoreId): readonly [name: string, ...former: string[]] {
  return [makeDbName(id), ...formerIds(id).map(makeDbName)]
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
    await withRegistry(async (registry) => {
      await registry.put(entry)
      for (const former of formerIds(requestToId(request))) await registry.remove(makeDbName(former))
    })
  } catch {
    // Then it syncs with a tab open only.
  }
}
