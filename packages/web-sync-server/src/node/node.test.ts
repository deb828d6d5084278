import { once } from 'node:events'
import { connect } from 'node:net'
import { LIMITS } from 'web-sync-protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { mutationOf, type ScriptOptions } from '../testing/scripted-initiator.ts'
import { testPartner } from '../testing/test-partner.fixture.ts'
import { listen } from './listen.ts'

const serve = async (world: ReturnType<typeof testPartner>): Promise<Partial<ScriptOptions> & { port: number }> => {
  const server = await listen(world.partner, { port: 0 })
  onTestFinished(() => server.close())
  return { fetch: (request) => fetch(request), url: `${server.url}/sync`, port: server.port }
}

describe('the partner behind node:http', () => {
  test('exchanges over a real socket', async () => {
    const world = testPartner()
    const script = await serve(world)
    const ann = world.initiator(script)
    await ann.sync()
    const text = 'grün \u{1f600}'
    await ann.sync([mutationOf({ op: 'insert', collection: 'notes', id: 'ä', base: null, value: { id: 'ä', text } })])
    const bob = world.initiator({ ...script, account: 'bob' })
    await bob.sync()
    expect(bob.records.get('notes/ä')?.value).toEqual({ id: 'ä', text })
  })

  test('a reader that hangs up in mid-stream stops the making of pages', async () => {
    const world = testPartner()
    const text = 'x'.repeat(100_000)
    await world.partner.importRecords(
      's1',
      'notes',
      Array.from({ length: 400 }, (_, index) => ({ id: `n${index}`, text })),
    )
    const script = await serve(world)
    const ann = world.initiator(script)
    const ask = JSON.stringify(ann.compose([], { limit: { changes: 1, bytes: 1, pages: 1_000 } }))
    const response = await fetch(ann.request(ask))
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await reader.cancel()
    const pages = (): number => world.events.filter(({ type }) => type === 'page').length
    // The stream is cancelled when the socket's close arrives: then no page is made any more.
    let before = -1
    await expect
      .poll(() => {
        const isStill = pages() === before
        before = pages()
        return isStill
      })
      .toBe(true)
    expect(pages()).toBeLessThan(400)
    expect(world.events.filter(({ type }) => type === 'error')).toEqual([])
    await world.initiator(script).sync()
  })

  test.each([
    ['a host that is no address', 'GET /sync HTTP/1.1\r\nHost: 256.256.256.256\r\n\r\n'],
    ['a host with a space', 'POST /sync HTTP/1.1\r\nHost: a b\r\ncontent-length: 2\r\n\r\n{}'],
    ['a host with a path', 'GET /sync HTTP/1.1\r\nHost: a/b\r\n\r\n'],
    ['a host with a name before it', 'GET /sync HTTP/1.1\r\nHost: a@b\r\n\r\n'],
    ['a port that is none', 'GET /sync HTTP/1.1\r\nHost: a:99999\r\n\r\n'],
    ['TRACE', 'TRACE /sync HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['the address of a proxy’s request', 'POST http://x/ HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n'],
    ['the address *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('%s gets an answer, 400, so that no proxy takes the server for dead', async (_name, head) => {
    const world = testPartner()
    const { port } = await serve(world)
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.write(head)
    await once(socket, 'close')
    expect(text.split('\r\n', 1)).toEqual(['HTTP/1.1 400 Bad Request'])
    expect(world.events.filter(({ type }) => type === 'error')).toEqual([])
  })

  test('a proxy’s host that is none is answered like one of the request itself', async () => {
    const server = await listen(testPartner().partner, { port: 0, trustsProxy: true })
    onTestFinished(() => server.close())
    const response = await fetch(`${server.url}/sync`, { headers: { 'x-forwarded-host': 'a/b' } })
    expect(response.status).toBe(400)
  })

  test('an upload that breaks off is the sender’s affair: no error is reported', async () => {
    let signIns = 0
    const world = testPartner({
      authenticate: () => {
        signIns += 1
        return { account: 'ann' }
      },
    })
    const { port } = await serve(world)
    const socket = connect(port, '127.0.0.1')
    const head = ['authorization: ann', 'content-type: application/json', 'web-sync-protocol: 1', 'content-length: 9']
    socket.write(`POST /sync HTTP/1.1\r\nhost: a\r\n${head.join('\r\n')}\r\n\r\n{"a"`)
    // Once the handler reads the body: it has asked for the account before.
    await expect.poll(() => signIns).toBe(1)
    socket.destroy()
    const turnedAway = (): unknown => world.events.find(({ type }) => type === 'turned-away')
    await expect.poll(turnedAway).toMatchObject({ request: 'ask', problem: 'malformed' })
    expect(world.events.filter(({ type }) => type === 'error')).toEqual([])
  })

  test('an unusable head and an oversized body do not disturb the others', async () => {
    const world = testPartner({ limits: { askBytes: LIMITS.leastAskBytes } })
    const script = await serve(world)
    const ann = world.initiator(script)
    const socket = connect(script.port, '127.0.0.1')
    socket.write('POST /sync HTTP/1.1\r\nhost: a b\r\ncontent-length: 2\r\n\r\n{}')
    socket.resume()
    await once(socket, 'close')
    const large = await fetch(ann.request('x'.repeat(9_000_000)))
    expect(large.status).toBe(413)
    const endless = fetch(ann.request('x'.repeat(40_000_000))).then(
      ({ status }) => status,
      () => 'cut',
    )
    expect([413, 'cut']).toContain(await endless)
    await ann.sync()
    expect(ann.settled).toBe(true)
  })
})
