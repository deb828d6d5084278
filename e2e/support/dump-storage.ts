import type { Page } from '@playwright/test'

/** Everything that the page's origin has stored on the device. */
export interface StorageDump {
  /** JSON of all rows by the database's name. */
  readonly databases: Readonly<Record<string, string>>
  /** Addresses and texts of all caches. */
  readonly caches: string
  readonly localStorage: string
}

/** Reads it through the platform, not through the code that is under test. */
export function dumpStorage(page: Page): Promise<StorageDump> {
  return page.evaluate(async () => {
    const promisify = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener('success', () => resolve(request.result))
        request.addEventListener('error', () => reject(request.error ?? new Error('a request failed')))
      })
    const databases: Record<string, string> = {}
    // Null: it was deleted since it was listed, and must not come into being by this.
    const openIfThere = async (name: string): Promise<IDBDatabase | null> => {
      const request = indexedDB.open(name)
      let isGone = false
      request.addEventListener('upgradeneeded', () => {
        isGone = true
        request.transaction?.abort()
      })
      try {
        return await promisify(request)
      } catch (error) {
        if (isGone) return null
        throw error
      }
    }
    for (const { name = '' } of await indexedDB.databases()) {
      const db = await openIfThere(name)
      if (db === null) continue
      const names = [...db.objectStoreNames]
      const tx = names.length === 0 ? null : db.transaction(names)
      databases[name] = JSON.stringify(
        await Promise.all(names.map((store) => promisify((tx as IDBTransaction).objectStore(store).getAll()))),
      )
      db.close()
    }
    let cached = ''
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) cached += `${request.url} ${await (await cache.match(request))?.text()}`
    }
    return { databases, caches: cached, localStorage: JSON.stringify(Object.fromEntries(Object.entries(localStorage))) }
  })
}
