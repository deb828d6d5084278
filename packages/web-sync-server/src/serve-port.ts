import type { Partner } from './partner-types.ts'

/** The part of a MessagePort (or of a worker's global scope) that {@link servePort} needs. */
export interface ServedPort {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  removeEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  /** MessagePorts wait for this; a worker's global scope has none. */
  start?(): void
}

/** What comes through the port: a request, or that its sender does not wait any more. */
export type PortAsk =
  | {
      /** Chosen by the sender, unique among its open requests. */
      readonly id: string
      readonly request: {
        readonly method: string
        /** Absolute; only path and query matter. */
        readonly url: string
        readonly headers: Readonly<Record<string, string>>
        readonly body: string | null
      }
    }
  | { readonly id: string; readonly cancel: true }

/** What goes back, in this order: the head, chunks of UTF-8, the end. A stream that broke off ends too: what is cut is not a page. */
export type PortAnswer =
  | { readonly id: string; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly id: string; readonly chunk: Uint8Array }
  | { readonly id: string; readonly end: true }

/**
 * Answers asks that come as messages: HTTP in messages, so that a partner in a browser's worker serves another worker by the code that
 * serves the network. Returns how to stop; requests under way are cancelled then.
 */
export function servePort(port: ServedPort, partner: Pick<Partner, 'fetch'>): () => void {
  const open = new Map<string, AbortController>()
  const listener = ({ data }: { readonly data: unknown }): void => {
    if (!isPortAsk(data)) return
    if ('cancel' in data) {
      open.get(data.id)?.abort()
      return
    }
    const abort = new AbortController()
    open.set(data.id, abort)
    void answer(port, partner, data, abort.signal).finally(() => open.delete(data.id))
  }
  port.addEventListener('message', listener)
  port.start?.()
  return () => {
    port.removeEventListener('message', listener)
    for (const abort of open.values()) abort.abort()
  }
}

async function answer(
  port: ServedPort,
  partner: Pick<Partner, 'fetch'>,
  { id, request }: Extract<PortAsk, { request: unknown }>,
  signal: AbortSignal,
): Promise<void> {
  const post = (message: PortAnswer): void => port.postMessage(message)
  try {
    const { method, url, headers, body } = request
    const response = await partner.fetch(new Request(url, { method, headers, body: method === 'GET' ? null : body }))
    post({ id, status: response.status, headers: Object.fromEntries(response.headers) })
    if (response.body !== null) await pump(response.body, signal, (chunk) => post({ id, chunk }))
  } catch {
    // An unusable request, or a stream that broke off: the end without a head, or before the last page, says so.
  }
  post({ id, end: true })
}

async function pump(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  send: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = body.getReader()
  const hangUp = (): void => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', hangUp)
  while (!signal.aborted) {
    const { done, value } = await reader.read()
    if (done) return
    send(value)
    // A port has no backpressure, and pages from memory never leave the thread: without this no cancel would ever be heard.
    await new Promise((resolve) => {
      setTimeout(resolve)
    })
  }
  hangUp()
}

function isPortAsk(data: unknown): data is PortAsk {
  if (typeof data !== 'object' || data === null || !('id' in data) || typeof data.id !== 'string') return false
  if ('cancel' in data) return true
  if (!('request' in data) || typeof data.request !== 'object' || data.request === null) return false
  return 'method' in data.request && 'url' in data.request && 'headers' in data.request
}
