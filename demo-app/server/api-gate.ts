import type { ServerResponse } from 'node:http'
import { PROBLEM_STATUS, PROTOCOL_HEADER, PROTOCOL_VERSION } from 'web-sync-protocol'
import type { ExchangeLog } from './exchange-log.ts'
import { sendResponse } from './node-http.ts'
import { type TroubleState, decideFate } from './trouble.ts'

/** Stands between the network and the partners, and makes the trouble that was ordered. */
export interface ApiGate {
  /** Lets one API request meet its fate. */
  readonly handle: (
    request: Request,
    outgoing: ServerResponse,
    answer: (request: Request) => Promise<Response>,
  ) => Promise<void>
  readonly getTrouble: () => TroubleState
  readonly setTrouble: (next: TroubleState) => void
}

const CODES = { 401: 'unauthenticated', 500: 'internal', 503: 'busy' } as const

/** A gate that begins with the given trouble. */
export function createApiGate(initial: TroubleState, log: ExchangeLog): ApiGate {
  let trouble = initial
  const open = new Set<ServerResponse>()
  return {
    getTrouble: () => trouble,
    setTrouble: (next) => {
      trouble = next
      if (trouble.isCut) for (const outgoing of open) outgoing.destroy()
    },
    handle: async (request, outgoing, answer) => {
      open.add(outgoing)
      outgoing.once('close', () => open.delete(outgoing))
      const { fate, next } = decideFate(
        trouble,
        request.method === 'POST' && new URL(request.url).pathname === '/sync/team',
      )
      trouble = next
      switch (fate.type) {
        case 'refuse':
          outgoing.destroy()
          return
        case 'answer':
          await sendResponse(await makeProblem(request, fate.status), outgoing)
          return
        case 'drop-reply': {
          const body = await request.text()
          const response = await answer(new Request(request.url, { method: 'POST', headers: request.headers, body }))
          await response.arrayBuffer()
          log.markDropped(readRequestId(body) ?? '')
          await breakAfterHead(response, outgoing)
          return
        }
        case 'pass':
          await sendResponse(await answer(request), outgoing)
      }
    },
  }
}

/**
 * Sends the head, then breaks the connection. Without the head Chromium would repeat the request by itself on a connection that was
 * used before, and neither the engine nor the one who watches would see that anything was lost.
 */
async function breakAfterHead(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  await new Promise<void>((resolve) => outgoing.write('\n', () => resolve()))
  outgoing.destroy()
}

async function makeProblem(request: Request, status: 401 | 500 | 503): Promise<Response> {
  const code = CODES[status]
  return Response.json(
    {
      protocol: PROTOCOL_VERSION,
      status: PROBLEM_STATUS[code],
      code,
      title: 'Ordered in the panel «Make trouble».',
      requestId: readRequestId(await request.text()),
    },
    {
      status,
      headers: {
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
        ...(status === 503 ? { 'retry-after': '2' } : {}),
      },
    },
  )
}

function readRequestId(body: string): string | null {
  try {
    const { requestId } = JSON.parse(body) as { requestId?: unknown }
    return typeof requestId === 'string' ? requestId : null
  } catch {
    return null
  }
}
