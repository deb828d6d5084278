/** The service worker of the app's next version, whose schema has one collection more. Served in the place of sw.js when it is deployed. */
import { attachSync } from 'web-sync/service-worker'
import { nextSchema } from './schema.ts'
import { serveShell } from './shell-cache.ts'

serveShell()
attachSync(globalThis as never, { schema: nextSchema, endpoint: '/sync' })
