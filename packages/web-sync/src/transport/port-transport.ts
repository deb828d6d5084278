import { type Ask, ASK_CONTENT_TYPE, PROTOCOL_HEADER, PROTOCOL_VERSION } from 'web-sync-protocol'
import type { Answer, AuthHeaders, Clock, PortLike, Transport } from '../contract/index.ts'
import { TIMED_OUT, withDeadline } from './deadline.ts'
import { MAX_LINE_LENGTH } from './fetch-transport.ts'
import type { RawResponse } from './raw-response.ts'
import { readAnswer } from './read-answer.ts'

/**
 * What goes to a partner behind a port: HTTP in messages, so that the partner's handler of requests serves both.
 *
 *     → {id, request: {method, url, headers, body}}      → {id, cancel: true}
 *     ← {id, status, headers}   ← {id, chunk} …   ← {id, end: true}
 */
export type PortRequest =
  | {
      readonly id: string
      readonly request: {
        readonly method: string
        readonly url: string
        readonly headers: Readonly<Record<string, string>>
        readonly body: string
      }
    }
  | { readonly id: string; readonly cancel: true }

/** What a port transport is made of. */
export interface PortTransportOptions {
  readonly port: PortLike
  readonly clock: Clock
  /** Milliseconds until the answer begins, and between two parts of it. Default: 30,000. */
  readonly idleMs?: number
}

/** Where a request to a port says that it goes: a port has no address of its own. */
export const PORT_URL = 'http://partner.invalid/sync'

/** Carries asks over a MessagePort to a partner that runs in another worker. It owns the port from now on. */
export function createPortTransport(options: PortTransportOptions): Transport {
  const idleMs = options.idleMs ?? 30_000
  const mailboxes = new Map<string, Mailbox>()
  options.port.addEventListener('message', ({ data }) => {
    if (typeof data !== 'object' || data === null) return
    const message = data as Record<string, unknown>
    mailboxes.get(String(message['id']))?.put(message)
  })
  options.port.start()
  return {
    send: async (ask, headers) => {
      const mailbox = new Mailbox()
      const id = ask.requestId
      const end = (): void => {
        if (!mailboxes.delete(id)) return
        options.port.postMessage({ id, cancel: true } satisfies PortRequest)
        mailbox.put({ end: true })
      }
      mailboxes.set(id, mailbox)
      const answer = await exchange(options, ask, headers, mailbox, end, idleMs)
      if (answer.type !== 'reply') end()
      return answer
    },
  }
}

async function exchange(
  options: PortTransportOptions,
  ask: Ask,
  headers: AuthHeaders,
  mailbox: Mailbox,
  end: () => void,
  idleMs: number,
): Promise<Answer> {
  try {
    options.port.postMessage(composeRequest(ask, headers))
  } catch {
    return { type: 'failed', reason: 'network' }
  }
  const first = await withDeadline(mailbox.take(), idleMs)
  if (first === TIMED_OUT) return { type: 'failed', reason: 'timeout' }
  const { status, headers: answered } = first
  if (typeof status !== 'number' || typeof answered !== 'object' || answered === null) {
    return { type: 'failed', reason: 'end' in first ? 'network' : 'not-our-partner' }
  }
  const response: RawResponse = {
    status,
    header: (name) => headerOf(answered as Record<string, unknown>, name),
    read: async () => {
      const { chunk } = await mailbox.take()
      if (typeof chunk === 'string') return new TextEncoder().encode(chunk)
      if (chunk instanceof Uint8Array) return chunk
      end()
      return null
    },
    cancel: end,
  }
  return readAnswer(ask, response, { idleMs, maxLineLength: MAX_LINE_LENGTH }, options.clock)
}

function composeRequest(ask: Ask, headers: AuthHeaders): PortRequest {
  const own = { 'content-type': ASK_CONTENT_TYPE, [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) }
  const request = { method: 'POST', url: PORT_URL, headers: { ...headers, ...own }, body: JSON.stringify(ask) }
  return { id: ask.requestId, request }
}

function headerOf(headers: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  return typeof value === 'string' ? value : null
}

/** Messages in order, each taken once. After the end there is nothing but the end. */
class Mailbox {
  readonly #messages: Record<string, unknown>[] = []
  #waiting: ((message: Record<string, unknown>) => void) | null = null

  put(message: Record<string, unknown>): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting === null) this.#messages.push(message)
    else waiting(message)
  }

  async take(): Promise<Record<string, unknown>> {
    const message = this.#messages[0]
    if (message === undefined) {
      return new Promise((resolve) => {
        this.#waiting = resolve
      })
    }
    if (message['end'] !== true) this.#messages.shift()
    return message
  }
}
