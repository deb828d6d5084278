import {
  type Ask,
  isSameKey,
  type Problem,
  parsePage,
  parseProblem,
  parseReplyHead,
  PROBLEM_CONTENT_TYPE,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  REPLY_CONTENT_TYPE,
} from 'web-sync-protocol'
import type { Answer, Clock, PageStream } from '../contract/index.ts'
import { LineReader } from './line-reader.ts'
import { parseLine } from './parse-line.ts'
import type { RawResponse } from './raw-response.ts'
import { parseRetryAfter } from './retry-after.ts'

/** Bounds of an answer. */
export interface AnswerLimits {
  /** Milliseconds without a part of the body after which it is given up. */
  readonly idleMs: number
  /** UTF-16 units in one page's line. A transaction larger than a page travels whole, so this is far above a page's limit. */
  readonly maxLineLength: number
}

/** UTF-16 units in a problem or in a reply's head. */
const MAX_SMALL = 262_144

/**
 * Believes an answer only as far as it proves to be our partner's answer to this ask: the marker, the echo of `requestId` and of the
 * key, and shapes. Anything else (a captive portal, a proxy's page, a cached old reply) is `not-our-partner`. Never rejects.
 */
export async function readAnswer(ask: Ask, response: RawResponse, limits: AnswerLimits, clock: Clock): Promise<Answer> {
  const answer = await readOurs(ask, response, limits, clock)
  if (answer.type !== 'reply') response.cancel()
  return answer
}

async function readOurs(ask: Ask, response: RawResponse, limits: AnswerLimits, clock: Clock): Promise<Answer> {
  const marker = response.header(PROTOCOL_HEADER)
  // A partner of another version may say no more than that it is one.
  const isVersionProblem = response.status === 426 && /^\d+$/.test(marker ?? '')
  if (marker !== String(PROTOCOL_VERSION) && !isVersionProblem) {
    return failed(response.status >= 500 ? 'server-error' : 'not-our-partner')
  }
  const type = (response.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (response.status === 200 && type === REPLY_CONTENT_TYPE) return readReply(ask, response, limits)
  if (type === PROBLEM_CONTENT_TYPE) return readProblem(ask, response, limits, clock)
  return failed(response.status >= 500 ? 'server-error' : 'not-our-partner')
}

async function readReply(ask: Ask, response: RawResponse, limits: AnswerLimits): Promise<Answer> {
  const lines = new LineReader(response, { maxLength: limits.maxLineLength, idleMs: limits.idleMs })
  const first = await lines.next()
  switch (first.type) {
    case 'line':
      break
    case 'end':
    case 'broken':
      return failed('network')
    case 'timeout':
      return failed('timeout')
    case 'garbled':
      return failed('not-our-partner')
  }
  const head = parseLine(parseReplyHead, first.text)
  if (!head.ok || head.value.requestId !== ask.requestId || !isSameKey(head.value.from, ask.key)) {
    return failed('not-our-partner')
  }
  return { type: 'reply', head: head.value, pages: streamPages(lines, response) }
}

function streamPages(lines: LineReader, response: RawResponse): PageStream {
  let isOver = false
  return {
    next: async () => {
      if (isOver) return null
      const line = await lines.next()
      const page = line.type === 'line' ? parseLine(parsePage, line.text) : null
      if (page !== null && page.ok && !isOver) return page.value
      isOver = true
      response.cancel()
      return null
    },
    cancel: () => {
      isOver = true
      response.cancel()
    },
  }
}

async function readProblem(ask: Ask, response: RawResponse, limits: AnswerLimits, clock: Clock): Promise<Answer> {
  const body = await readBody(response, limits.idleMs)
  if (body.type !== 'text') return failed(body.type)
  const parsed = parseLine(parseProblem, body.text)
  if (!parsed.ok || !isAnswerTo(ask, parsed.value, response.status)) return failed('not-our-partner')
  const retryAfterMs = parseRetryAfter(response.header('retry-after'), clock.nowMs())
  return { type: 'problem', problem: parsed.value, retryAfterMs }
}

/** The echo is null where the partner could not read the ask so far (signed out, too large, too many). */
function isAnswerTo(ask: Ask, problem: Problem, status: number): boolean {
  return problem.status === status && (problem.requestId === null || problem.requestId === ask.requestId)
}

type Body =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'network' | 'timeout' | 'not-our-partner' }

/** A small body as one text: its lines joined, its end taken as the last line's end. */
async function readBody(response: RawResponse, idleMs: number): Promise<Body> {
  const lines = new LineReader({ ...response, read: endWithLineBreak(response) }, { maxLength: MAX_SMALL, idleMs })
  let text = ''
  for (;;) {
    const line = await lines.next()
    if (line.type === 'timeout') return { type: 'timeout' }
    if (line.type === 'broken') return { type: 'network' }
    if (line.type === 'garbled' || text.length > MAX_SMALL) return { type: 'not-our-partner' }
    if (line.type === 'end') return { type: 'text', text }
    text += `${line.text}\n`
  }
}

function endWithLineBreak(response: RawResponse): RawResponse['read'] {
  let isEnded = false
  return async () => {
    const part = isEnded ? null : await response.read()
    if (part !== null || isEnded) return part
    isEnded = true
    return Uint8Array.of(10)
  }
}

function failed(reason: Extract<Answer, { type: 'failed' }>['reason']): Answer {
  return { type: 'failed', reason }
}
