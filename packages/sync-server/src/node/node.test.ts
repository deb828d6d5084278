import { once } from 'node:events'
import { connect } from 'node:net'
import { LIMITS } from 'sync-protocol'
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

  test('an unusable head and an oversized body do not disturb the others', async () => {
    const world = testPartner({ limits: { askBytes: LIMITS.leastAskBytes } })
    const script = await serve(world)
    const ann = world.initiator(script)
    const socket = connect(script.port, '127.0.0.1')
    socket.write('POST /sync HTTP/1.1\r\nhost: a b\r\ncontent-length: 2\r\n\r\n{}')
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
