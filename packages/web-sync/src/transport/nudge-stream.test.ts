import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Nudge } from 'sync-protocol'
import { afterEach, expect, test } from 'vitest'
import { type AnsweringServer, hex, startServer } from './answering-server.fixture.ts'
import { nudgeUrl, openNudgeStream } from './nudge-stream.ts'

const NUDGE: Nudge = { partnershipId: hex('c'), key: { n: 4, tag: hex('d') }, spreadMs: 100 }
const HEADERS = { 'content-type': 'text/event-stream', 'web-sync-protocol': '1' }
const RANDOM = { id: () => hex('0'), fraction: () => 0 }

let server: AnsweringServer | null = null
afterEach(async () => {
  await server?.close()
  server = null
})

async function listen(
  count: number,
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<{ readonly nudges: Nudge[]; readonly opened: number }> {
  server = await startServer((response, _body, request) => answer(response, request))
  const stop = new AbortController()
  const nudges: Nudge[] = []
  let opened = 0
  await openNudgeStream({
    endpoint: server.url,
    partnershipIds: [hex('c')],
    fetch,
    random: RANDOM,
    auth: { getHeaders: async () => ({ authorization: 'Bearer x' }) },
    signal: stop.signal,
    onOpen: () => (opened += 1),
    onNudge: (nudge) => {
      nudges.push(nudge)
      if (nudges.length === count) stop.abort()
    },
  })
  return { nudges, opened }
}

test('nudges come as they are said, and what is not a nudge is dropped', async () => {
  const { nudges } = await listen(2, (response) => {
    response.writeHead(200, HEADERS)
    response.write(': hello\n\ndata: nonsense\n\ndata: {"partnershipId":1}\n\n')
    response.write(`data: ${JSON.stringify(NUDGE)}\n\ndata: ${JSON.stringify({ ...NUDGE, key: null })}\n\n`)
  })
  expect(nudges).toEqual([NUDGE, { ...NUDGE, key: null }])
})

test('the stream is asked for with the partnerships and the app’s headers', async () => {
  const urls: (string | undefined)[] = []
  await listen(1, (response, request) => {
    urls.push(request.url)
    response.writeHead(200, HEADERS).write(`data: ${JSON.stringify(NUDGE)}\n\n`)
  })
  expect(urls).toEqual([`/sync/events?partnership=${hex('c')}`])
  expect(server?.requests).toMatchObject([{ headers: { authorization: 'Bearer x', 'web-sync-protocol': '1' } }])
})

test('a stream that breaks, is refused, or belongs to somebody else is opened again', async () => {
  let attempt = 0
  const { opened } = await listen(1, (response) => {
    attempt += 1
    if (attempt === 1) response.writeHead(503).end()
    else if (attempt === 2) response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
    else if (attempt === 3) response.writeHead(200, HEADERS).write(': hello\n\n', () => response.destroy())
    else response.writeHead(200, HEADERS).write(`data: ${JSON.stringify(NUDGE)}\n\n`)
  })
  expect({ attempt, opened }).toEqual({ attempt: 4, opened: 2 })
})

test('a stream that is answered 401 asks for new headers once, and is opened with them', async () => {
  const asked: boolean[] = []
  server = await startServer((response, _body, request) => {
    const isSigned = request.headers.authorization === 'Bearer new'
    if (isSigned) response.writeHead(200, HEADERS).write(`data: ${JSON.stringify(NUDGE)}\n\n`)
    else response.writeHead(401, { 'web-sync-protocol': '1' }).end()
  })
  const stop = new AbortController()
  await openNudgeStream({
    endpoint: server.url,
    partnershipIds: [hex('c')],
    fetch,
    random: RANDOM,
    auth: {
      getHeaders: async (isRefresh) => {
        asked.push(isRefresh)
        return { authorization: isRefresh ? 'Bearer new' : 'Bearer old' }
      },
    },
    signal: stop.signal,
    onNudge: () => stop.abort(),
  })
  expect(asked).toEqual([false, true])
})

test('the address keeps what the endpoint says', () => {
  expect(nudgeUrl('https://example.org/api/sync/?tenant=7', [hex('1'), hex('2')])).toBe(
    `https://example.org/api/sync/events?tenant=7&partnership=${hex('1')}&partnership=${hex('2')}`,
  )
})
