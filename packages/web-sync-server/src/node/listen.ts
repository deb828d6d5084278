import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeHandler, type NodeHandlerOptions } from './node-handler.ts'

/** Where {@link listen} listens. */
export interface ListenOptions extends NodeHandlerOptions {
  /** 0: any free one. */
  readonly port: number
  /** Default: '127.0.0.1'. */
  readonly host?: string
}

/** A server that listens. */
export interface Listening {
  /** Without a slash at its end. */
  readonly url: string
  readonly port: number
  /** From now on each answer ends its connection. */
  drain(): void
  /**
   * Takes no new requests and resolves when those under way are answered; event streams are ended by the partner. What is still busy
   * after `limitMs` is cut. Default: 5,000.
   */
  close(limitMs?: number): Promise<void>
}

/** Bytes of a request's head. */
const MAX_HEADER_BYTES = 16_384
/** Milliseconds for a request's head, and for all of it. */
const HEADERS_TIMEOUT_MS = 30_000
const REQUEST_TIMEOUT_MS = 120_000
/**
 * Milliseconds that an idle connection is kept: longer than proxies do (nginx: 60 s), so that it is they who end it. Node's own 5 s end it
 * in the very moment in which a proxy sends the next request, which then fails.
 */
const KEEP_ALIVE_TIMEOUT_MS = 65_000
/** Milliseconds after which connections that are still busy are cut while closing. */
const CLOSE_TIMEOUT_MS = 5_000
/** Between two looks for connections that have become idle while closing: Node ends only those that were idle when it began. */
const SWEEP_MS = 20

/** Serves a partner by a node:http server of its own. Rejects if the port is taken. */
export async function listen(
  partner: { fetch(request: Request): Promise<Response> },
  options: ListenOptions,
): Promise<Listening> {
  const host = options.host ?? '127.0.0.1'
  let isDraining = false
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    nodeHandler((request) => partner.fetch(request), {
      ...options,
      isDraining: () => isDraining || options.isDraining?.() === true,
    }),
  )
  // Node would break the connection, which a proxy takes for a server that is down.
  server.on('connect', (_request, socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'))
  server.listen(options.port, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    drain() {
      isDraining = true
    },
    async close(limitMs = CLOSE_TIMEOUT_MS) {
      isDraining = true
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
      const cut = setTimeout(() => server.closeAllConnections(), limitMs)
      await closed
      clearInterval(sweep)
      clearTimeout(cut)
    },
  }
}
