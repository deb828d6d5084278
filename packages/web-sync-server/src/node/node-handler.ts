import type { IncomingMessage, ServerResponse } from 'node:http'
import { dropRest, toBody } from './request-body.ts'

/** Methods that the platform's requests cannot have (https://fetch.spec.whatwg.org/#forbidden-method). */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

/** Options of {@link nodeHandler}. */
export interface NodeHandlerOptions {
  /**
   * True if a trusted proxy in front sets X-Forwarded-Proto and X-Forwarded-Host: then the request's URL is the one that the browser
   * asked for. Default: false.
   */
  readonly trustsProxy?: boolean
  /** While it says true each answer asks for a new connection the next time, which another process may take. Default: never. */
  readonly isDraining?: () => boolean
}

/**
 * Carries requests of node:http to a handler of web requests, e.g. a partner's `fetch`. Bodies stream both ways: a slow reader makes
 * the handler wait, and a client that hangs up cancels the reply's stream. Give the server `maxHeaderSize` and timeouts as usual.
 *
 * @example
 * createServer({ maxHeaderSize: 16_384 }, nodeHandler(partner.fetch)).listen(8080)
 */
export function nodeHandler(
  handle: (request: Request) => Promise<Response>,
  options: NodeHandlerOptions = {},
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    const request = toRequest(incoming, options)
    if (request === null) {
      refuse(incoming, outgoing)
      return
    }
    // The handler itself never rejects: here the connection broke.
    answer(handle, request, incoming, outgoing, options).catch(() => outgoing.destroy())
  }
}

/** An answer, not a broken connection: a proxy takes that for a server that is down, and shuts everybody out for a while. */
function refuse(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(400, { 'cache-control': 'no-store', 'content-length': 0, connection: 'close' })
  outgoing.end()
  if (!incoming.complete) dropRest(incoming)
}

async function answer(
  handle: (request: Request) => Promise<Response>,
  request: Request,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: NodeHandlerOptions,
): Promise<void> {
  const response = await handle(request)
  const isLast = options.isDraining?.() === true
  outgoing.writeHead(response.status, [...toNodeHeaders(response.headers), ...(isLast ? ['connection', 'close'] : [])])
  if (response.body === null) {
    outgoing.end()
  } else {
    outgoing.flushHeaders()
    await send(response.body, outgoing)
  }
  if (!incoming.complete) dropRest(incoming)
}

/** Writes as fast as the client reads; draws nothing more when it has hung up. */
async function send(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader()
  const hangUp = (): void => void reader.cancel().catch(() => undefined)
  outgoing.once('close', hangUp)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || outgoing.destroyed) break
      if (!outgoing.write(value)) await drained(outgoing)
    }
    outgoing.off('close', hangUp)
    if (outgoing.destroyed) hangUp()
    else outgoing.end()
  } catch {
    // The stream broke off: so must the connection, or the client would take what it has for the whole.
    outgoing.destroy()
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.once('drain', done)
    outgoing.once('close', done)
  })
}

/** null: its method, host or address is none of a web request. */
function toRequest(incoming: IncomingMessage, options: NodeHandlerOptions): Request | null {
  const url = toUrl(incoming, options)
  const method = incoming.method ?? 'GET'
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const item of Array.isArray(value) ? value : [value]) if (item !== undefined) headers.append(name, item)
  }
  const hasBody = method !== 'GET' && method !== 'HEAD'
  if (url === null || FORBIDDEN_METHODS.has(method)) return null
  const body = hasBody ? toBody(incoming) : null
  return new Request(url, { method, headers, body, ...(hasBody ? { duplex: 'half' as const } : {}) })
}

/** A host that brings more than a name and a port, or an address that is no path (of a proxy's request: «http://…», «*»): null. */
function toUrl(incoming: IncomingMessage, options: NodeHandlerOptions): URL | null {
  const forwarded = (name: string): string | undefined => {
    const value = options.trustsProxy === true ? incoming.headers[name] : undefined
    return typeof value === 'string' ? value.split(',', 1)[0]?.trim() : undefined
  }
  const scheme = forwarded('x-forwarded-proto') === 'https' || 'encrypted' in incoming.socket ? 'https' : 'http'
  const host = forwarded('x-forwarded-host') ?? incoming.headers.host ?? 'localhost'
  const path = incoming.url ?? '/'
  if (!path.startsWith('/') || /[\s#/?@\\]/.test(host)) return null
  // Joined as text: a path that begins with two slashes must not become a host.
  return URL.parse(`${scheme}://${host}${path}`)
}

/** As pairs, because there may be several cookies. */
function toNodeHeaders(headers: Headers): string[] {
  return [...headers].flat()
}
