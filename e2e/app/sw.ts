/** The test app's own service worker: the app's files from a cache, so that it opens offline, and sync with all tabs closed. */
import { attachSync } from 'web-sync/service-worker'
import { schema } from './schema.ts'
import { serveShell } from './shell-cache.ts'

serveShell()
attachSync(globalThis as never, { schema, endpoint: '/sync' })

// For the tests: the worker's own count shows that an event really arrived.
const waiting: (() => void)[] = []
const counter = Object.assign(globalThis, {
  syncEvents: 0,
  haveSyncEvents: async (count: number): Promise<void> => {
    while (counter.syncEvents < count)
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
      })
  },
})
addEventListener('sync', () => {
  counter.syncEvents += 1
  for (const resolve of waiting.splice(0)) resolve()
})
