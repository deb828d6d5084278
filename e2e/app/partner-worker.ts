/**
 * The partner's engine in a browser: a shared worker without a server, on storage in memory. Each tab that connects speaks to it through
 * the port that it got.
 */
import { createPartner, memoryStorage, servePort } from 'web-sync-server/browser'
import { schema } from './schema.ts'

/** The part of a shared worker's global scope that is used here. */
interface Scope {
  readonly name: string
  addEventListener(type: 'connect', listener: (event: { readonly ports: readonly MessagePort[] }) => void): void
}

const partner = createPartner({
  schema,
  storage: memoryStorage(),
  // A port has no cookies: whoever has one may say who it is.
  authenticate: (request) => ({ account: request.headers.get('x-account') ?? 'nobody' }),
  authorize: () => 'write',
})

;(globalThis as unknown as Scope).addEventListener('connect', ({ ports }) => {
  const [port] = ports
  if (port !== undefined) servePort(port, partner)
})
