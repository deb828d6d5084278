import { type Nudge, parseNudge, PERIODS, PROTOCOL_HEADER, PROTOCOL_VERSION } from 'web-sync-protocol'
import type { Auth, Random } from '../contract/index.ts'
import { TIMED_OUT, withDeadline } from './deadline.ts'
import { EventParser } from './event-parser.ts'
import type { Fetch } from './fetch-transport.ts'
import { parseLine } from './parse-line.ts'

/** What a stream of nudges is opened with. */
export interface NudgeStreamOptions {
  /** Absolute URL of the partner; the stream is at `/events` under it. */
  readonly endpoint: string
  /** Of all spaces whose news is wanted; at least one. */
  readonly partnershipIds: readonly string[]
  readonly fetch: Fetch
  readonly random: Random
  /** null: cookies prove who is asking. */
  readonly auth: Auth | null
  readonly credentials?: 'same-origin' | 'include'
  readonly onNudge: (nudge: Nudge) => void
  /** Called when the stream is there (again): what was said meanwhile was missed. */
  readonly onOpen?: () => void
  /** Ends it for good. */
  readonly signal: AbortSignal
  /** Milliseconds until the stream begins. Default: 30,000. */
  readonly headersMs?: number
  /** Milliseconds without a sign of life (the partner sends comments) after which it is opened anew. Default: PERIODS.streamIdleMs. */
  readonly idleMs?: number
  /** Resolves when another connection may be tried, or `signal` is aborted. Default: a bucket of its own. */
  readonly turn?: (signal: AbortSignal) => Promise<void>
  /** The first wait between two attempts; it doubles up to 5 minutes, with full jitter. Default: 2,000. */
  readonly retryMs?: number
}

/** The longest wait between two attempts. */
const MAX_RETRY_MS = 300_000
/** Connections that are tried in a minute at most, whatever ends them. */
const CONNECTIONS_PER_MINUTE = 12
const MINUTE_MS = 60_000

/** A bucket of twelve connections: each takes one, which comes back a minute later by the timer, so no clock has a say. */
export function createTurns(): (signal: AbortSignal) => Promise<void> {
  let left = CONNECTIONS_PER_MINUTE
  let waiting: (() => void)[] = []
  const giveBack = (): void => {
    left += 1
    const woken = waiting
    waiting = []
    for (const wake of woken) wake()
  }
  return async function turn(signal): Promise<void> {
    if (signal.aborted) return
    if (left > 0) {
      left -= 1
      setTimeout(giveBack, MINUTE_MS)
      return
    }
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    return turn(signal)
  }
}

/** Address of the stream. */
export function nudgeUrl(endpoint: string, partnershipIds: readonly string[]): string {
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/events`
  for (const partnershipId of partnershipIds) url.searchParams.append('partnership', partnershipId)
  return url.href
}

/**
 * Listens for nudges and reconnects until `signal` is aborted; then it resolves. Never rejects: no nudge is needed for correctness.
 */
export async function openNudgeStream(options: NudgeStreamOptions): Promise<void> {
  const turn = options.turn ?? createTurns()
  let failures = 0
  let isRefresh = false
  while (!options.signal.aborted) {
    await turn(options.signal)
    if (options.signal.aborted) return
    const end = await listen(options, isRefresh)
    isRefresh = end === 'unauthenticated'
    failures = end === 'was-open' ? 0 : failures + 1
    const boundMs = Math.min(MAX_RETRY_MS, (options.retryMs ?? 2_000) * 2 ** Math.min(failures, 10))
    await pause(Math.ceil(options.random.fraction() * boundMs), options.signal)
  }
}

/** How a connection ended. */
type StreamEnd = 'was-open' | 'refused' | 'unauthenticated'

/** One connection, to its end. */
async function listen(options: NudgeStreamOptions, isRefresh: boolean): Promise<StreamEnd> {
  const abort = new AbortController()
  const stop = (): void => abort.abort()
  options.signal.addEventListener('abort', stop)
  let end: StreamEnd = 'refused'
  try {
    const response = await connect(options, isRefresh, abort.signal)
    if (response?.status === 401) end = 'unauthenticated'
    if (!isOurs(response)) return end
    end = 'was-open'
    options.onOpen?.()
    await readEvents(response, options)
  } catch {
    // A broken connection is opened anew, whatever broke it.
  } finally {
    options.signal.removeEventListener('abort', stop)
    abort.abort()
  }
  return end
}

async function connect(options: NudgeStreamOptions, isRefresh: boolean, signal: AbortSignal): Promise<Response | null> {
  const headers = options.auth === null ? {} : await options.auth.getHeaders(isRefresh)
  if (headers === null) return null
  const work = options.fetch(nudgeUrl(options.endpoint, options.partnershipIds), {
    headers: { ...headers, accept: 'text/event-stream', [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
    cache: 'no-store',
    redirect: 'error',
    credentials: options.credentials ?? 'same-origin',
    signal,
  })
  const response = await withDeadline(work, options.headersMs ?? 30_000)
  return response === TIMED_OUT ? null : response
}

function isOurs(response: Response | null): response is Response {
  return response?.status === 200 && response.headers.get(PROTOCOL_HEADER) === String(PROTOCOL_VERSION)
}

async function readEvents(response: Response, options: NudgeStreamOptions): Promise<void> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const parser = new EventParser()
  while (!options.signal.aborted) {
    const part = await withDeadline(reader.read(), options.idleMs ?? PERIODS.streamIdleMs)
    if (part === TIMED_OUT || part.value === undefined) return
    for (const data of parser.feed(decoder.decode(part.value, { stream: true }))) {
      const nudge = parseLine(parseNudge, data)
      if (nudge.ok) options.onNudge(nudge.value)
    }
  }
}

/** Waits, at most until `signal` is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
