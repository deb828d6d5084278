import { EventEmitter, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type Ask, type Page, PROBLEM_CONTENT_TYPE, type Problem, PROTOCOL_HEADER } from 'web-sync-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { Answer, PageStream } from '../contract/index.ts'
import {
  type AnsweringServer,
  encodeReply,
  hex,
  makeAsk,
  makeHead,
  makePage,
  REPLY_HEADERS,
  startServer,
} from './answering-server.fixture.ts'
import { createFetchTransport, type FetchTransportOptions } from './fetch-transport.ts'

let server: AnsweringServer | null = null

afterEach(async () => {
  await server?.close()
  server = null
})

async function serve(answer: (response: ServerResponse, body: unknown) => void): Promise<AnsweringServer> {
  server = await startServer(answer)
  return server
}

async function send(endpoint: string, options: Partial<FetchTransportOptions> = {}): Promise<Answer> {
  const clock = { nowMs: () => Date.UTC(2030, 0, 1) }
  return createFetchTransport({ endpoint, fetch, clock, ...options }).send(makeAsk(), { authorization: 'Bearer x' })
}

async function readAll(pages: PageStream): Promise<Page[]> {
  const all: Page[] = []
  for (let page = await pages.next(); page !== null; page = await pages.next()) all.push(page)
  return all
}

/** How many pages came of a reply that was cut, or why there was none. */
async function readCut(endpoint: string, cutAt: number): Promise<number | string> {
  const transport = createFetchTransport({ endpoint, fetch, clock: { nowMs: () => 0 } })
  const answer = await transport.send(makeAsk({ limit: { changes: 1, bytes: cutAt, pages: 1 } }), {})
  if (answer.type === 'reply') return (await readAll(answer.pages)).length
  return answer.type === 'failed' ? answer.reason : answer.type
}

function problem(facts: Partial<Problem> & { code: Problem['code']; status: number }): string {
  return JSON.stringify({ protocol: 1, title: 'no', requestId: hex('a'), ...facts })
}

const PROBLEM_HEADERS = { 'content-type': PROBLEM_CONTENT_TYPE, [PROTOCOL_HEADER]: '1' }
const REPLY = encodeReply(makeHead(), [makePage(1), makePage(2)])

describe('fetch transport', () => {
  test('an ask goes out as JSON with our marker and the app’s headers', async () => {
    const { url, requests } = await serve((response) => response.writeHead(200, REPLY_HEADERS).end(REPLY))
    const answer = await send(url)
    expect(answer.type).toBe('reply')
    expect(requests).toMatchObject([
      {
        method: 'POST',
        body: { requestId: hex('a'), account: 'ann' },
        headers: { 'content-type': 'application/json', 'web-sync-protocol': '1', authorization: 'Bearer x' },
      },
    ])
  })

  test('a reply gives its head at once and its pages in order', async () => {
    const { url } = await serve((response) => response.writeHead(200, REPLY_HEADERS).end(REPLY))
    const answer = await send(url)
    if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
    expect(answer.head).toEqual(makeHead())
    expect(await readAll(answer.pages)).toEqual([makePage(1), makePage(2)])
    expect(await answer.pages.next()).toBeNull()
  })

  test('an exchange that was read to its end is not aborted afterwards', async () => {
    const { url } = await serve((response) => response.writeHead(200, REPLY_HEADERS).end(REPLY))
    const signals: (AbortSignal | null | undefined)[] = []
    const answer = await send(url, {
      fetch: (to, init) => {
        signals.push(init.signal)
        return fetch(to, init)
      },
    })
    if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
    expect(await readAll(answer.pages)).toHaveLength(2)
    answer.pages.cancel()
    expect(signals.map((signal) => signal?.aborted)).toEqual([false])
  })

  test('a reply that is cut at any byte gives the pages that came whole, and nothing else', async () => {
    // The ask says where its reply is cut, so that many can be under way at once.
    const { url } = await serve((response, body) => {
      const cutAt = (body as Ask).limit.bytes
      response.writeHead(200, REPLY_HEADERS)
      response.flushHeaders()
      // A socket that is destroyed at once may lose what was written, so the cut waits until that was flushed.
      response.write(REPLY.subarray(0, cutAt), () => response.destroy())
    })
    const cuts = Array.from({ length: REPLY.length - 1 }, (_, index) => index + 1)
    const lineEnds = [...REPLY.keys()].filter((index) => REPLY[index] === 10)
    const got = await Promise.all(cuts.map((cutAt) => readCut(url, cutAt)))
    const expected = cuts.map((cutAt) => {
      const whole = lineEnds.filter((end) => end < cutAt).length
      return whole === 0 ? 'network' : whole - 1
    })
    expect(got).toEqual(expected)
  })

  test('a reply that comes byte by byte is the same reply', async () => {
    const { url } = await serve((response) => {
      response.writeHead(200, REPLY_HEADERS)
      let index = 0
      const next = (): void => {
        if (index === REPLY.length) return void response.end()
        index += 1
        response.write(REPLY.subarray(index - 1, index), () => setImmediate(next))
      }
      next()
    })
    const answer = await send(url)
    if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
    expect(await readAll(answer.pages)).toEqual([makePage(1), makePage(2)])
  })

  test('a last line without its end is not a page, though it parses', async () => {
    const { url } = await serve((response) => response.writeHead(200, REPLY_HEADERS).end(REPLY.subarray(0, -1)))
    const answer = await send(url)
    if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
    expect(await readAll(answer.pages)).toEqual([makePage(1)])
  })

  test('a malformed page ends the reply; what came before it stays', async () => {
    const bad = { ...makePage(2), changes: [{ type: 'put', collection: 'notes', id: '' }] } as unknown as Page
    const body = encodeReply(makeHead(), [makePage(1), bad, makePage(3)])
    const { url } = await serve((response) => response.writeHead(200, REPLY_HEADERS).end(body))
    const answer = await send(url)
    if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
    expect(await readAll(answer.pages)).toEqual([makePage(1)])
  })

  test('bytes that are not UTF-8 end the reply', async () => {
    const reader = new EventEmitter()
    const { url } = await serve((response) => {
      response.writeHead(200, REPLY_HEADERS).write(encodeReply(makeHead(), [makePage(1)]))
      reader.once('ready', () => response.end(Buffer.of(0x22, 0xff, 0x22, 10)))
    })
    const answer = await send(url)
    if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
    const first = await answer.pages.next()
    reader.emit('ready')
    expect(first).toEqual(makePage(1))
    expect(await answer.pages.next()).toBeNull()
  })

  test('a page of another realm is not a page', async () => {
    const body = encodeReply(makeHead(), [{ hello: 'world' } as unknown as Page])
    const { url } = await serve((response) => response.writeHead(200, REPLY_HEADERS).end(body))
    const answer = await send(url)
    if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
    expect(await readAll(answer.pages)).toEqual([])
  })

  test.each([
    [
      'a captive portal’s page',
      200,
      { 'content-type': 'text/html' },
      '<html>Sign in to the hotel’s network</html>',
      'not-our-partner',
    ],
    ['a proxy’s 403', 403, { 'content-type': 'text/html' }, 'Forbidden', 'not-our-partner'],
    ['a balancer’s 502', 502, { 'content-type': 'text/html' }, 'Bad gateway', 'server-error'],
    ['a reply without our marker', 200, { 'content-type': 'application/x-ndjson' }, REPLY, 'not-our-partner'],
    ['a reply of another protocol', 200, { ...REPLY_HEADERS, [PROTOCOL_HEADER]: '2' }, REPLY, 'not-our-partner'],
    ['our marker with a foreign page', 200, { ...REPLY_HEADERS, 'content-type': 'text/html' }, 'hi', 'not-our-partner'],
    [
      'the reply to another ask',
      200,
      REPLY_HEADERS,
      encodeReply(makeHead({ requestId: hex('9') }), []),
      'not-our-partner',
    ],
    [
      'the reply to another key',
      200,
      REPLY_HEADERS,
      encodeReply(makeHead({ from: { n: 1, tag: hex('1') } }), []),
      'not-our-partner',
    ],
    ['a head that is not JSON', 200, REPLY_HEADERS, 'hello\n', 'not-our-partner'],
    ['an empty reply', 200, REPLY_HEADERS, '', 'network'],
    [
      'a problem for another ask',
      409,
      PROBLEM_HEADERS,
      problem({ code: 'malformed', status: 400, requestId: hex('9') }),
      'not-our-partner',
    ],
    [
      'a problem with another status',
      503,
      PROBLEM_HEADERS,
      problem({ code: 'malformed', status: 400 }),
      'not-our-partner',
    ],
    ['a problem that is not one', 400, PROBLEM_HEADERS, '{}', 'not-our-partner'],
  ])('%s is a failure, not an answer', async (_what, status, headers, body, reason) => {
    const { url } = await serve((response) => response.writeHead(status, headers).end(body))
    expect(await send(url)).toEqual({ type: 'failed', reason })
  })

  test('a redirect is not followed, and credentials go nowhere else', async () => {
    const { url, requests } = await serve((response) => response.writeHead(307, { location: '/elsewhere' }).end())
    expect(await send(url)).toEqual({ type: 'failed', reason: 'network' })
    expect(requests).toHaveLength(1)
  })

  test('a problem is read with its facts and its Retry-After', async () => {
    const rollbackTo = { partnershipId: hex('c'), n: 3, tag: hex('3') }
    const body = { code: 'invalid-key', status: 409, reason: 'regressed', rollbackTo } as const
    const headers = { ...PROBLEM_HEADERS, 'retry-after': '7' }
    const { url } = await serve((response) => response.writeHead(409, headers).end(problem(body)))
    expect(await send(url)).toEqual({
      type: 'problem',
      problem: { protocol: 1, title: 'no', requestId: hex('a'), ...body },
      retryAfterMs: 7_000,
    })
  })

  test.each(['0', '2', '17'])('a partner of version %s can say that it is one, and nothing else', async (version) => {
    const headers = { ...PROBLEM_HEADERS, [PROTOCOL_HEADER]: version }
    const told = { protocol: Number(version), requestId: null, code: 'version', status: 426 } as const
    const { url } = await serve((response) => response.writeHead(426, headers).end(problem(told)))
    expect(await send(url)).toMatchObject({ type: 'problem', problem: { code: 'version' } })
    await server?.close()
    const other = await serve((response) =>
      response.writeHead(409, headers).end(problem({ code: 'busy', status: 503 })),
    )
    expect(await send(other.url)).toEqual({ type: 'failed', reason: 'not-our-partner' })
  })

  test('a problem over several lines is read, with a date as Retry-After and no echo where the ask was not read', async () => {
    const text = JSON.stringify({ protocol: 1, title: 'wait', requestId: null, code: 'busy', status: 503 }, null, 2)
    const headers = { ...PROBLEM_HEADERS, 'retry-after': 'Tue, 01 Jan 2030 00:00:30 GMT' }
    const { url } = await serve((response) => response.writeHead(503, headers).end(text))
    expect(await send(url)).toMatchObject({ type: 'problem', problem: { code: 'busy' }, retryAfterMs: 30_000 })
  })

  test('a server that never answers is a timeout', async () => {
    const { url } = await serve(() => undefined)
    expect(await send(url, { headersMs: 40 })).toEqual({ type: 'failed', reason: 'timeout' })
  })

  test('a server that stalls before the head is a timeout, and the request is given up', async () => {
    const connection = new EventEmitter()
    const isClosed = once(connection, 'close')
    const { url } = await serve((response) => {
      response.on('close', () => connection.emit('close'))
      response.writeHead(200, REPLY_HEADERS).write(REPLY.subarray(0, 10))
    })
    expect(await send(url, { idleMs: 40 })).toEqual({ type: 'failed', reason: 'timeout' })
    await isClosed
  })

  test('a server that stalls between pages ends the reply with what came', async () => {
    const { url } = await serve((response) => {
      response.writeHead(200, REPLY_HEADERS).write(encodeReply(makeHead(), [makePage(1)]))
    })
    const answer = await send(url, { idleMs: 40 })
    if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
    expect(await readAll(answer.pages)).toEqual([makePage(1)])
  })

  test('cancel hangs up, and no page comes any more', async () => {
    const connection = new EventEmitter()
    const isClosed = once(connection, 'close')
    const { url } = await serve((response) => {
      response.on('close', () => connection.emit('close'))
      response.writeHead(200, REPLY_HEADERS).write(REPLY)
    })
    const answer = await send(url)
    if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
    answer.pages.cancel()
    expect(await answer.pages.next()).toBeNull()
    await isClosed
  })

  test('nobody there is a network failure', async () => {
    const closed = await startServer(() => undefined)
    await closed.close()
    expect(await send(closed.url)).toEqual({ type: 'failed', reason: 'network' })
  })

  test('closing the space ends what is under way', async () => {
    const stop = new AbortController()
    const { url } = await serve(() => stop.abort())
    expect(await send(url, { signal: stop.signal })).toEqual({ type: 'failed', reason: 'network' })
    expect(await send(url, { signal: stop.signal })).toEqual({ type: 'failed', reason: 'network' })
  })
})
