/** The test app's own service worker: the app's files from a cache, so that it opens offline, and sync with all tabs closed. */
import { attachSync } from 'web-sync/service-worker'
import { schema } from './schema.ts'
import { serveShell } from './shell-cache.ts'

serveShell()
attachSync(globalThis as never, { schema, endpoint: '/sync' })
