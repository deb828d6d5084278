import { expect, test } from 'vitest'
import { replyResponse } from './responses.ts'

const head = { protocol: 1, requestId: 'r', from: 0, partnershipId: 'p', durable: 0, forked: null } as const

test('an initiator that hangs up while a page is made is no fault of anybody, and draws no more pages', async () => {
  let letGo = (): void => undefined
  const made = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let drawn = 0
  async function* pages(): AsyncGenerator<string, void> {
    drawn += 1
    yield 'first\n'
    drawn += 1
    await made
    yield 'second\n'
    drawn += 1
  }
  const errors: unknown[] = []
  const hangUp = { aborted: false }
  const response = replyResponse({ type: 'reply', head, pages: pages() }, hangUp, (error) => errors.push(error))
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  const second = reader.read()
  const cancelled = reader.cancel()
  expect(await second).toEqual({ done: true, value: undefined })
  letGo()
  await cancelled
  expect([hangUp.aborted, drawn, errors]).toEqual([true, 2, []])
})
