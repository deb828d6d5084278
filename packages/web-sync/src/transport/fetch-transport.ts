import { type Ask, ASK_CONTENT_TYPE, LIMITS, PROTOCOL_HEADER, PROTOCOL_VERSION } from 'web-sync-protocol'
import type { Answer, AuthHeaders, Clock, Transport } from '../contract/index.ts'
import { TIMED_OUT, withDeadline } from './deadline.ts'
import type { RawResponse } from './raw-response.ts'
import { readAnswer } from './read-answer.ts'

/** The part of `fetch` that we call. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What a fetch transport is made of. */
export interface FetchTransportOptions {
  /** Absolute URL of the partner; from code only, never from data. */
  readonly endpoint: string
  readonly fetch: Fetch
  readonly clock: Clock
  /** Cookies of another origin are sent with 'include' only. Default: 'same-origin'. */
  readonly credentials?: 'same-origin' | 'include'
  /** Milliseconds until the answer begins, for an empty ask; an ask's size adds to it ({@link UPLOAD_BYTES_PER_MS}). Default: 30,000. */
  readonly headersMs?: number
  /** Milliseconds between two parts of the answer. Default: 30,000. */
  readonly idleMs?: number
  /** Ends what is under way, and whatever is sent later. */
  readonly signal?: AbortSignal
}

/** The slowest upload that is waited for: 64 kbit/s. */
const UPLOAD_BYTES_PER_MS = 8

/** A page's line may be longer than a page's limit: one transaction is never split. Bounded all the same. */
export const MAX_LINE_LENGTH: number = LIMITS.pageBytes * 16

/** Carries asks by `fetch`. */
export function createFetchTransport(options: FetchTransportOptions): Transport {
  return { send: (ask, headers) => send(options, ask, headers) }
}

async function send(options: FetchTransportOptions, ask: Ask, headers: AuthHeaders): Promise<Answer> {
  const body = JSON.stringify(ask)
  const abort = new AbortController()
  const stop = (): void => abort.abort()
  if (options.signal?.aborted === true) return { type: 'failed', reason: 'network' }
  options.signal?.addEventListener('abort', stop)
  const release = (): void => options.signal?.removeEventListener('abort', stop)
  const end = (): void => {
    release()
    abort.abort()
  }
  const response = await request(options, body, headers, abort.signal)
  if (typeof response === 'string') {
    end()
    return { type: 'failed', reason: response }
  }
  const limits = { idleMs: options.idleMs ?? 30_000, maxLineLength: MAX_LINE_LENGTH }
  return readAnswer(ask, toRaw(response, release, end), limits, options.clock)
}

/** The response, or why there is none. */
async function request(
  options: FetchTransportOptions,
  body: string,
  headers: AuthHeaders,
  signal: AbortSignal,
): Promise<Response | 'timeout' | 'network'> {
  const headersMs = (options.headersMs ?? 30_000) + body.length / UPLOAD_BYTES_PER_MS
  try {
    const work = options.fetch(options.endpoint, {
      method: 'POST',
      body,
      headers: { ...headers, 'content-type': ASK_CONTENT_TYPE, [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
      cache: 'no-store',
      // A redirect is a captive portal, or would carry credentials somewhere else.
      redirect: 'error',
      credentials: options.credentials ?? 'same-origin',
      signal,
    })
    const response = await withDeadline(work, headersMs)
    return response === TIMED_OUT ? 'timeout' : response
  } catch {
    return 'network'
  }
}

function toRaw(response: Response, release: () => void, end: () => void): RawResponse {
  let isRead = false
  const reader = response.body?.getReader()
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    read: async () => {
      const part = await reader?.read()
      if (part?.value !== undefined) return part.value
      isRead = true
      release()
      return null
    },
    // What was read to its end is not aborted: the browser's tools would show each exchange as a failed one.
    cancel: () => (isRead ? undefined : end()),
  }
}
