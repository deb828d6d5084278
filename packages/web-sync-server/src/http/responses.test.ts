import { expect, test } from 'vitest'
import { makeGate } from '../testing/meddle.fixture.ts'
import { replyResponse } from './responses.ts'

const names = { requestId: 'r', partnershipId: 'p', partnerId: null } as const
const head = { protocol: 1, from: 0, durable: 0, forked: null, ...names } as const

test('an initiator that hangs up while a page is made is no fault of anybody, and draws no more pages', async () => {
  const [begun, made] = [makeGate(), makeGate()]
  let drawn = 0
  async function* pages(): AsyncGenerator<string, void> {
    drawn += 1
    yield 'first\n'
    drawn += 1
    begun.open()
    await made.promise
    yield 'second\n'
    drawn += 1
  }
  const errors: unknown[] = []
  const hangUp = { aborted: false }
  const response = replyResponse({ type: 'reply', head, pages: pages() }, hangUp, (error) => errors.push(error))
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  const second = reader.read()
  await begun.promise
  const cancelled = reader.cancel()
  expect(await second).toEqual({ done: true, value: undefined })
  made.open()
  await cancelled
  expect([hangUp.aborted, drawn, errors]).toEqual([true, 2, []])
})
