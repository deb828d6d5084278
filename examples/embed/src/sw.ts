import { attachSync } from 'web-sync/service-worker'
import { schema } from './schema.ts'

declare const self: ServiceWorkerGlobalScope

attachSync(self, { schema, endpoint: '/sync' })

// The rest is the app's own: it keeps what was loaded, so that the page opens offline. The partner's requests are left alone.
self.addEventListener('install', () => void self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  const { method, url } = event.request
  const { origin, pathname } = new URL(url)
  const isOurs = method === 'GET' && origin === self.location.origin && !pathname.startsWith('/sync')
  if (isOurs) event.respondWith(networkFirst(event.request))
})

async function networkFirst(request: Request): Promise<Response> {
  // Caches belong to the origin, and other apps may live there.
  const cache = await caches.open(schema.app)
  try {
    const response = await fetch(request)
    if (response.ok) await cache.put(request, response.clone())
    return response
  } catch (offline) {
    const kept = await cache.match(request)
    if (kept === undefined) throw offline
    return kept
  }
}
