/** The part of a service worker's global scope that is used here. */
interface Scope {
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  addEventListener(
    type: 'install' | 'activate',
    listener: (event: { waitUntil(work: Promise<unknown>): void }) => void,
  ): void
  addEventListener(type: 'fetch', listener: (event: FetchEventLike) => void): void
}

interface FetchEventLike {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}

const scope = globalThis as unknown as Scope

/** Answers the app's own files from a cache; the API and everything else goes to the network. */
export function serveShell(): void {
  scope.addEventListener('install', (event) => {
    event.waitUntil(storeFiles())
  })
  scope.addEventListener('activate', (event) => {
    event.waitUntil(scope.clients.claim())
  })
  scope.addEventListener('fetch', (event) => {
    const { pathname } = new URL(event.request.url)
    // The API is none of its business, and neither is a page that is not the app.
    if (event.request.method !== 'GET' || /^\/(sync|blank)/.test(pathname)) return
    event.respondWith(answer(event.request))
  })
}

async function storeFiles(): Promise<void> {
  const files = (await (await fetch('/files.json', { cache: 'no-store' })).json()) as string[]
  const cache = await caches.open('app')
  await cache.addAll(['/', ...files.filter((file) => !file.startsWith('/sw'))])
  await scope.skipWaiting()
}

async function answer(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request)
}
