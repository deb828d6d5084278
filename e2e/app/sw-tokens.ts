/** As sw.ts, for spaces whose page proves by tokens who asks: the service worker gets one for each account. */
import { attachSync } from 'web-sync/service-worker'
import { schema } from './schema.ts'
import { serveShell } from './shell-cache.ts'

serveShell()
attachSync(globalThis as never, {
  schema,
  endpoint: '/sync',
  getAuth: async ({ account }) => {
    const token = await (await fetch(`/token?account=${account}`)).text()
    return { authorization: `Bearer ${token}` }
  },
})
