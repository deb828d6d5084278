import { afterEach, expect, test } from 'vitest'
import type { Page } from 'web-sync-protocol'
import type { Answer, Transport } from '../contract/index.ts'
import { encodeReply, hex, makeAsk, makeHead, makePage, REPLY_HEADERS } from './answering-server.fixture.ts'
import { createPortTransport } from './port-transport.ts'

const clock = { nowMs: () => 0 }
const REPLY = encodeReply(makeHead(), [makePage(1), makePage(2)])
const ports: MessagePort[] = []

afterEach(() => {
  for (const port of ports.splice(0)) port.close()
})

/** A partner behind a port, written by hand: `answer` is called for each message that comes. */
function connect(answer: (message: Record<string, unknown>, port: MessagePort) => void, idleMs = 5_000): Transport {
  const { port1, port2 } = new MessageChannel()
  ports.push(port1, port2)
  port2.addEventListener('message', (event: MessageEvent<Record<string, unknown>>) => answer(event.data, port2))
  port2.start()
  return createPortTransport({ port: port1, clock, idleMs })
}

async function pagesOf(answer: Answer): Promise<Page[]> {
  if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
  const all: Page[] = []
  for (let page = await answer.pages.next(); page !== null; page = await answer.pages.next()) all.push(page)
  return all
}

test('a partner behind a port answers as one behind HTTP does', async () => {
  const seen: unknown[] = []
  const transport = connect((message, port) => {
    seen.push(message)
    const { id } = message
    if (message['cancel'] === true) return
    port.postMessage({ id, status: 200, headers: REPLY_HEADERS })
    port.postMessage({ id, chunk: new Uint8Array(REPLY.subarray(0, 300)) })
    port.postMessage({ id, chunk: new Uint8Array(REPLY.subarray(300)) })
    port.postMessage({ id, end: true })
  })
  const answer = await transport.send(makeAsk(), { authorization: 'Bearer x' })
  expect(await pagesOf(answer)).toEqual([makePage(1), makePage(2)])
  expect(seen[0]).toMatchObject({
    request: {
      method: 'POST',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json', 'web-sync-protocol': '1' },
      body: JSON.stringify(makeAsk()),
    },
  })
})

test('two asks on one port get each its own answer', async () => {
  const transport = connect((message, port) => {
    const { id } = message
    if (message['cancel'] === true) return
    port.postMessage({ id, status: 200, headers: REPLY_HEADERS })
    port.postMessage({ id, chunk: `${JSON.stringify(makeHead({ requestId: String(id) }))}\n` })
    port.postMessage({ id, end: true })
  })
  const answers = await Promise.all(['1', '2'].map((digit) => transport.send(makeAsk({ requestId: hex(digit) }), {})))
  expect(answers.map((answer) => (answer.type === 'reply' ? answer.head.requestId : answer.type))).toEqual([
    hex('1'),
    hex('2'),
  ])
})

test('a partner that says nothing is a timeout, and is told that nobody waits any more', async () => {
  const cancelled: unknown[] = []
  const { port1, port2 } = new MessageChannel()
  ports.push(port1, port2)
  const transport = createPortTransport({ port: port1, clock, idleMs: 30 })
  expect(await transport.send(makeAsk(), {})).toEqual({ type: 'failed', reason: 'timeout' })
  port2.start()
  await new Promise<void>((resolve) => {
    port2.addEventListener('message', (event: MessageEvent<Record<string, unknown>>) => {
      cancelled.push(event.data['cancel'])
      if (cancelled.length === 2) resolve()
    })
  })
  expect(cancelled).toEqual([undefined, true])
})

test('an answer that is not one is not our partner’s', async () => {
  const transport = connect(({ id }, port) => port.postMessage({ id, status: 'fine' }))
  expect(await transport.send(makeAsk(), {})).toEqual({ type: 'failed', reason: 'not-our-partner' })
})

test('cancel ends a reply under way', async () => {
  const transport = connect(({ id }, port) => {
    port.postMessage({ id, status: 200, headers: REPLY_HEADERS })
    port.postMessage({ id, chunk: `${JSON.stringify(makeHead())}\n` })
  })
  const answer = await transport.send(makeAsk(), {})
  if (answer.type !== 'reply') throw new Error(`answered ${JSON.stringify(answer)}`)
  const next = answer.pages.next()
  answer.pages.cancel()
  expect(await next).toBeNull()
})
