import { openLock, systemClock, systemRandom } from '../platform/index.ts'
import { makeDbName } from '../store/db-name.ts'
import { openDeliveryStore } from '../store/open-delivery-store.ts'
import { openRegistry } from '../store/registry.ts'
import type { RegisteredSpace, ServiceWorkerEnvironment } from './environment.ts'

/** The service worker's browser, behind the ports. */
export function createBrowserEnvironment(): ServiceWorkerEnvironment {
  return {
    listSpaces,
    openStore: async (id, schema, onNotice) => {
      const { endpoint, account, space } = id
      const environment = { nowMs: () => systemClock.nowMs(), randomId: () => systemRandom.id() }
      const store = await openDeliveryStore({ endpoint, account, space, schema, onNotice }, environment)
      return { store, dbName: makeDbName(id) }
    },
    fetch: (url, init) => fetch(url, init),
    lock: openLock(navigator),
    clock: systemClock,
    random: systemRandom,
  }
}

async function listSpaces(app: string, endpoint: string): Promise<RegisteredSpace[]> {
  const registry = await openRegistry()
  try {
    const entries = await registry.list()
    const own = entries.filter((entry) => entry.app === app && entry.endpoint === endpoint && !entry.isRetired)
    return own.map(({ account, space, credentials = 'same-origin', usesAuth = false }) => {
      return { app, endpoint, account, space, credentials, usesAuth }
    })
  } finally {
    registry.close()
  }
}
