/**
 * The app's own service worker: it keeps the built shell, so that the app opens offline, and lets web-sync deliver with all tabs closed.
 * Requests to the API are never touched: no listener answers them, so they go to the network as if there were no service worker.
 */
import { attachSync } from 'web-sync/service-worker'
import { ENDPOINTS, schema } from './schema.ts'

declare const self: ServiceWorkerGlobalScope

/** The files of the shell and a name for this very set of them; filled in by the build. */
declare const FIELD_NOTES_SHELL: { readonly version: string; readonly files: readonly string[] }

const shell = FIELD_NOTES_SHELL
const PREFIX = 'field-notes-shell-'
const SHELL = `${PREFIX}${shell.version}`

attachSync(self, { schema, endpoint: ENDPOINTS.team })
attachSync(self, { schema, endpoint: ENDPOINTS.places })

self.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(SHELL)
      await cache.addAll(shell.files.map((file) => new Request(file, { cache: 'no-cache' })))
    })(),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== SHELL)
      await Promise.all(old.map((name) => caches.delete(name)))
      await self.clients.claim()
    })(),
  )
})

self.addEventListener('message', (event) => {
  // The page asks for it after a person agreed to load the new version.
  if ((event.data as { readonly type?: unknown } | null)?.type === 'SKIP_WAITING') void self.skipWaiting()
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== self.location.origin) return
  if (pathname.startsWith('/sync/') || pathname.startsWith('/demo/')) return
  const path = request.mode === 'navigate' ? '/' : pathname
  if (!shell.files.includes(path)) return
  event.respondWith((async () => (await (await caches.open(SHELL)).match(path)) ?? fetch(request))())
})
