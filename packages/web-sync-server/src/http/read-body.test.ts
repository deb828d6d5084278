import { describe, expect, test } from 'vitest'
import { readBody } from './read-body.ts'

/** A request as Firefox makes it: without a stream. */
function withoutStream(request: Request): Request {
  return Object.defineProperty(request, 'body', { value: undefined })
}

const address = 'http://partner.test/sync'

test('a body that breaks off is told from one that is no JSON', async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('aborted')),
  })
  const request = new Request(address, { method: 'POST', body, duplex: 'half' } as RequestInit)
  expect(await readBody(request, 100)).toEqual({ type: 'broken-off' })
})

describe('a body is read alike where requests show a stream and where they show none', () => {
  test.each([
    ['with a stream', (request: Request) => request],
    ['without a stream', withoutStream],
  ])('%s', async (_name, prepare) => {
    const ask = (body: string): Request => prepare(new Request(address, { method: 'POST', body }))
    expect(await readBody(ask('{"a":1}'), 100)).toEqual({ type: 'json', value: { a: 1 } })
    expect(await readBody(ask(`"${'x'.repeat(100)}"`), 100)).toEqual({ type: 'too-large' })
    expect(await readBody(ask('{'), 100)).toMatchObject({ type: 'malformed' })
  })
})
