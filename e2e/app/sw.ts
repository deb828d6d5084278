/** The test app's own service worker: the app's files from a cache, so that it opens offline, and sync with all tabs closed. */
import { attachSync } from 'web-sync/service-worker'
import { schema } from './schema.ts'
import { serveShell } from './shell-cache.ts'

serveShell()
attachSync(globalThis as never, { schema, endpoint: '/sync' })

// What a test can ask: the worker's own count is the evidence that an event really got here.
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
