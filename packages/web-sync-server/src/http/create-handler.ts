import {
  ASK_CONTENT_TYPE,
  isName,
  LIMITS,
  parseAsk,
  parseWith,
  type ProblemCode,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
} from 'web-sync-protocol'
import { makeProblem, PartnerError, type PartnerEngine, type PartnerLimits } from '../contract/index.ts'
import type { Authenticate } from './authenticate.ts'
import { answerProbe, type ProbeOptions } from './probes.ts'
import { allowReading, isOriginAllowed, preflightResponse } from './origin.ts'
import { readBody } from './read-body.ts'
import { type HangUp, problemResponse, replyResponse } from './responses.ts'

/** What the handler is made of. */
export interface HandlerOptions {
  readonly engine: PartnerEngine
  readonly authenticate: Authenticate
  readonly limits: PartnerLimits
  readonly allowedOrigins: readonly string[]
  /** Path of the asks, without a slash at its end. */
  readonly basePath: string
  readonly probes: ProbeOptions
  /** Opens an event stream for those partnerships of the account that it has; null: too many are open. */
  readonly openEvents: (
    account: string,
    partnershipIds: readonly string[],
  ) => Promise<ReadableStream<Uint8Array> | null>
  /** A request failed for a reason that is no fault of its sender. */
  readonly onError: (where: string, error: unknown) => void
  /** A request got a problem that no engine has judged. */
  readonly onTurnedAway: (request: RequestKind, problem: SimpleCode) => void
}

/** What is asked for at the partner's addresses. */
type RequestKind = 'ask' | 'events'

type SimpleCode = Exclude<ProblemCode, 'invalid-key' | 'expired'>

/** Builds the function that answers requests. It never rejects: a failure is a problem, and its cause goes to `onError`. */
export function createHandler(options: HandlerOptions): (request: Request) => Promise<Response> {
  const probe = answerProbe(options.probes)
  return async (request) => {
    const { pathname } = new URL(request.url)
    const answer = await probe(request, pathname)
    if (answer !== null) return answer
    const kind = kindOf(options, pathname)
    if (kind === null) return allowReading(problem('not-found'), request, options.allowedOrigins)
    const turnAway = turnAwayFrom(options, kind)
    try {
      return allowReading(await route(options, request, kind, turnAway), request, options.allowedOrigins)
    } catch (error) {
      const waiting = comeAgain(error)
      const response = turnAway(waiting?.code ?? 'internal', { retryAfterMs: waiting?.retryAfterMs ?? null })
      if (waiting?.isExpected !== true) options.onError('request', error)
      return allowReading(response, request, options.allowedOrigins)
    }
  }
}

function kindOf({ basePath }: HandlerOptions, pathname: string): RequestKind | null {
  if (pathname === basePath) return 'ask'
  return pathname === `${basePath}/events` ? 'events' : null
}

/** Answers with a problem that no engine has judged, and tells of it. */
type TurnAway = (
  code: SimpleCode,
  facts?: { readonly requestId?: string | null; readonly retryAfterMs?: number | null; readonly path?: string },
) => Response

function turnAwayFrom(options: HandlerOptions, kind: RequestKind): TurnAway {
  return (code, { requestId = null, retryAfterMs = null, path } = {}) => {
    options.onTurnedAway(kind, code)
    return problem(code, requestId, retryAfterMs, path)
  }
}

async function route(
  options: HandlerOptions,
  request: Request,
  kind: RequestKind,
  turnAway: TurnAway,
): Promise<Response> {
  const isAsk = kind === 'ask'
  if (!isOriginAllowed(request, options.allowedOrigins)) return turnAway('forbidden')
  if (request.method === 'OPTIONS') return preflightResponse(request)
  if (request.method !== (isAsk ? 'POST' : 'GET')) return turnAway('method-not-allowed')
  const marker = request.headers.get(PROTOCOL_HEADER)
  if (marker !== String(PROTOCOL_VERSION)) {
    options.onTurnedAway(kind, 'version')
    // In its own version: an initiator believes no other marker, and would take us for a captive portal.
    return versionProblem(marker)
  }
  const who = await options.authenticate(request)
  if (who === null) return turnAway('unauthenticated')
  if (!isName(who.account)) {
    const names = `a name of 1 to ${LIMITS.nameLength} well-formed characters`
    options.onError('authenticate', new TypeError(`authenticate must return { account } with ${names}, or null`))
    return turnAway('forbidden')
  }
  return isAsk
    ? answerAsk(options, request, who.account, turnAway)
    : openEvents(options, request, who.account, turnAway)
}

async function answerAsk(
  options: HandlerOptions,
  request: Request,
  account: string,
  turnAway: TurnAway,
): Promise<Response> {
  if (request.headers.get('content-type') !== ASK_CONTENT_TYPE) return turnAway('malformed', { path: '' })
  const body = await readBody(request, options.limits.askBytes)
  if (body.type === 'too-large') return turnAway('too-large')
  if (body.type !== 'json') return turnAway('malformed', { path: '' })
  const ask = parseWith(parseAsk, body.value)
  if (!ask.ok) return turnAway('malformed', { requestId: findRequestId(body.value), path: ask.path })
  const hangUp: HangUp = { aborted: false }
  try {
    const answer = await options.engine.answer(account, ask.value, hangUp)
    if (answer.type === 'problem') return problemResponse(answer.problem, answer.retryAfterMs)
    return replyResponse(answer, hangUp, (error) => options.onError('reply', error))
  } catch (error) {
    // As the outer net, but with the echo that tells the initiator that it was its partner who failed.
    const { requestId } = ask.value
    const waiting = comeAgain(error)
    const response = turnAway(waiting?.code ?? 'internal', { requestId, retryAfterMs: waiting?.retryAfterMs ?? null })
    if (waiting?.isExpected !== true) options.onError('ask', error)
    return response
  }
}

/** What is said of a failure that is no fault of the ask. */
interface ComeAgain {
  readonly code: SimpleCode
  readonly retryAfterMs: number
  /** True if it passes by itself, and the operator need not know. */
  readonly isExpected: boolean
}

/** null: a bug, or a broken platform. */
function comeAgain(error: unknown): ComeAgain | null {
  if (!(error instanceof PartnerError)) return null
  // Became a standby between the question and the transaction: case K8.
  if (error.code === 'behind') return { code: 'behind', retryAfterMs: 5_000, isExpected: true }
  // No mutation is to be suspected of it, and nothing passes by itself.
  if (error.code === 'incomplete') return { code: 'busy', retryAfterMs: 30_000, isExpected: false }
  return error.code === 'busy' || error.code === 'closed'
    ? { code: 'busy', retryAfterMs: 1_000, isExpected: true }
    : null
}

async function openEvents(
  options: HandlerOptions,
  request: Request,
  account: string,
  turnAway: TurnAway,
): Promise<Response> {
  // It would end at once: whoever stands before the processes tries another one.
  if (options.probes.isDraining()) return turnAway('busy', { retryAfterMs: 1_000 })
  const partnershipIds = new URL(request.url).searchParams.getAll('partnership')
  const isWellFormed = partnershipIds.every((id) => /^[0-9a-f]{32}$/.test(id))
  if (!isWellFormed || partnershipIds.length === 0 || partnershipIds.length > LIMITS.partnershipsPerStream) {
    return turnAway('malformed', { path: '' })
  }
  const body = await options.openEvents(account, partnershipIds)
  if (body === null) return turnAway('slow-down', { retryAfterMs: 30_000 })
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  return new Response(body, { headers: { ...headers, [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) } })
}

function problem(
  code: SimpleCode,
  requestId: string | null = null,
  retryAfterMs: number | null = null,
  path?: string,
): Response {
  return problemResponse(makeProblem(code, requestId, path), retryAfterMs)
}

function versionProblem(marker: string | null): Response {
  const protocol = /^\d{1,9}$/.test(marker ?? '') ? Number(marker) : PROTOCOL_VERSION
  return problemResponse({ ...makeProblem('version', null), protocol })
}

/** The echo, if the ask could be read so far. */
function findRequestId(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('requestId' in body)) return null
  const { requestId } = body
  return typeof requestId === 'string' && /^[0-9a-f]{32}$/.test(requestId) ? requestId : null
}
