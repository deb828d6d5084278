import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Nudge } from 'web-sync-protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { type AnsweringServer, hex, startServer } from './answering-server.fixture.ts'
import { createTurns, nudgeUrl, openNudgeStream } from './nudge-stream.ts'

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

test('streams that end at once are opened twelve times a minute at most, whatever ends them', async () => {
  vi.useFakeTimers()
  try {
    for (const answer of [
      async () => new Response('', { headers: HEADERS }),
      async () => new Response(`data: ${JSON.stringify(NUDGE)}\n\n`, { headers: HEADERS }),
      async () => Promise.reject(new TypeError('reset')),
    ]) {
      const stop = new AbortController()
      let opened = 0
      const ended = openNudgeStream({
        endpoint: 'http://partner.test/sync',
        partnershipIds: [hex('c')],
        fetch: async () => {
          opened += 1
          return answer()
        },
        random: RANDOM,
        auth: null,
        signal: stop.signal,
        onNudge: () => undefined,
      })
      await vi.advanceTimersByTimeAsync(59_999)
      expect(opened).toBe(12)
      await vi.advanceTimersByTimeAsync(600_000)
      expect(opened).toBeLessThanOrEqual(12 * 11)
      stop.abort()
      await ended
    }
  } finally {
    vi.useRealTimers()
  }
})

test('one bucket serves all streams of a listener, and who stops waiting takes nothing', async () => {
  vi.useFakeTimers()
  try {
    const turn = createTurns()
    const [first, second] = [new AbortController(), new AbortController()]
    for (let index = 0; index < 12; index += 1) await turn(first.signal)
    const taken: string[] = []
    const stopped = turn(first.signal).then(() => taken.push('stopped'))
    const waiting = turn(second.signal).then(() => taken.push('waited'))
    first.abort()
    await stopped
    expect(taken).toEqual(['stopped'])
    await vi.advanceTimersByTimeAsync(60_000)
    await waiting
    expect(taken).toEqual(['stopped', 'waited'])
  } finally {
    vi.useRealTimers()
  }
})
