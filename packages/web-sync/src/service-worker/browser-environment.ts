import { openLock, systemClock, systemRandom } from '../platform/index.ts'
import { makeDbName } from '../store/db-name.ts'
import { openDeliveryStore } from '../store/open-delivery-store.ts'
import { openRegistry } from '../store/registry.ts'
import type { RegisteredSpace, ServiceWorkerEnvironment } from './environment.ts'

/** The service worker's browser, behind the ports. */
export function createBrowserEnvironment(): ServiceWorkerEnvironment {
  return {
    listSpaces,
    openStore: async ({ account, space }, schema, onNotice) => {
      const environment = { nowMs: () => systemClock.nowMs(), randomId: () => systemRandom.id() }
      const store = await openDeliveryStore({ account, space, schema, onNotice }, environment)
      return { store, dbName: await makeDbName(account, space) }
    },
    fetch: (url, init) => fetch(url, init),
    lock: openLock(navigator),
    clock: systemClock,
    random: systemRandom,
  }
}

async function listSpaces(): Promise<RegisteredSpace[]> {
  const registry = await openRegistry()
  try {
    const entries = await registry.list()
    return entries.map(({ account, space, endpoint, credentials = 'same-origin', usesAuth = false }) => {
      return { account, space, endpoint, credentials, usesAuth }
    })
  } finally {
    registry.close()
  }
}
