import {
  PROBLEM_CONTENT_TYPE,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  type Problem,
  REPLY_CONTENT_TYPE,
} from 'web-sync-protocol'
import type { EngineAnswer, StopSignal } from '../contract/index.ts'

/** Headers of every answer: our marker, and nothing on the way may keep it. */
function commonHeaders(contentType: string, protocol: number = PROTOCOL_VERSION): Headers {
  return new Headers({
    'cache-control': 'no-store',
    'content-type': contentType,
    'x-content-type-options': 'nosniff',
    [PROTOCOL_HEADER]: String(protocol),
  })
}

/** A problem as a response. */
export function problemResponse(problem: Problem, retryAfterMs: number | null = null): Response {
  const headers = commonHeaders(PROBLEM_CONTENT_TYPE, problem.protocol)
  if (retryAfterMs !== null) headers.set('retry-after', String(Math.ceil(retryAfterMs / 1_000)))
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}

/** A stop signal that the response's reader pulls by hanging up. */
export interface HangUp extends StopSignal {
  aborted: boolean
}

/**
 * A reply as a response: its head and first page at once, further pages as they are drawn, so that a slow reader makes no page that
 * nobody reads. If a page fails the stream breaks off: what was read so far stays valid.
 */
export function replyResponse(
  answer: Extract<EngineAnswer, { type: 'reply' }>,
  hangUp: HangUp,
  onError: (error: unknown) => void,
): Response {
  const encoder = new TextEncoder()
  let before = `${JSON.stringify(answer.head)}\n`
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const page = await answer.pages.next()
          // Hung up while the page was made: the stream is closed already, and takes nothing any more.
          if (hangUp.aborted) return
          if (page.done === true) {
            controller.close()
            return
          }
          controller.enqueue(encoder.encode(before + page.value))
          before = ''
        } catch (error) {
          onError(error)
          if (!hangUp.aborted) controller.error(error)
        }
      },
      async cancel() {
        hangUp.aborted = true
        await answer.pages.return?.()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { status: 200, headers: commonHeaders(REPLY_CONTENT_TYPE) })
}
