import { LIMITS } from 'web-sync-protocol'
import { describe, expect, test, vi } from 'vitest'
import { createPartner, memoryStorage, PartnerError, type PartnerOptions } from '../index.ts'
import { mutationOf } from '../testing/scripted-initiator.ts'
import { sqlitePartner, testPartner } from '../testing/test-partner.fixture.ts'

const ASK_HEADERS = { 'content-type': 'application/json', 'web-sync-protocol': '1', authorization: 'ann' }

const post = (
  world: ReturnType<typeof testPartner>,
  headers: Record<string, string | null> = {},
  body: BodyInit = '{}',
): Promise<Response> => {
  const all = Object.entries({ ...ASK_HEADERS, ...headers }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  )
  return world.partner.fetch(new Request('http://partner.test/sync', { method: 'POST', headers: all, body }))
}

describe('the door', () => {
  test('a partner does not start without authenticate or authorize, and says why', () => {
    const { storage } = testPartner()
    const options = { storage, schema: { app: 'test' }, authorize: () => null } as unknown as PartnerOptions
    expect(() => createPartner(options)).toThrow(/`authenticate` is missing/)
    expect(() => createPartner({ ...options, authenticate: () => null, authorize: undefined } as never)).toThrow(
      /authorize/,
    )
    expect(() => createPartner({ ...options, authenticate: () => null, basePath: '/sync/' })).toThrow(/basePath/)
    expect(() => createPartner({ ...options, authenticate: () => null, schema: {} } as never)).toThrow(/app/)
  })

  test('an account whose name no device can have is refused by a code, and its operator is told why', async () => {
    for (const account of ['', 'a'.repeat(257), '\uD800']) {
      const where: string[] = []
      const { partner } = testPartner({
        authenticate: () => ({ account }),
        onEvent: (event) => void (event.type === 'error' && where.push(event.where)),
      })
      const init = { method: 'POST', headers: ASK_HEADERS, body: '{}' }
      const response = await partner.fetch(new Request('http://partner.test/sync', init))
      expect([response.status, await response.json(), where]).toMatchObject([
        403,
        { code: 'forbidden' },
        ['authenticate'],
      ])
    }
  })

  test.each([
    ['another path', 'http://partner.test/else', 'POST', {}, 404, 'not-found'],
    ['another method', 'http://partner.test/sync', 'PUT', {}, 405, 'method-not-allowed'],
    ['no marker', 'http://partner.test/sync', 'POST', { 'web-sync-protocol': null }, 426, 'version'],
    ['nobody signed in', 'http://partner.test/sync', 'POST', { authorization: null }, 401, 'unauthenticated'],
    [
      'the content type of a form',
      'http://partner.test/sync',
      'POST',
      { 'content-type': 'text/plain' },
      400,
      'malformed',
    ],
    ['a page of another site', 'http://partner.test/sync', 'POST', { origin: 'https://evil.test' }, 403, 'forbidden'],
    ['a sandboxed page', 'http://partner.test/sync', 'POST', { origin: 'null' }, 403, 'forbidden'],
    ['a cross-site request', 'http://partner.test/sync', 'POST', { 'sec-fetch-site': 'cross-site' }, 403, 'forbidden'],
    ['a same-site request', 'http://partner.test/sync', 'POST', { 'sec-fetch-site': 'same-site' }, 403, 'forbidden'],
  ] as const)(
    '%s: a problem with its code, our marker, and never a cache',
    async (_name, url, method, change, status, code) => {
      const world = testPartner()
      const headers = Object.entries({ ...ASK_HEADERS, ...change }).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      )
      const response = await world.partner.fetch(new Request(url, { method, headers, body: '{}' }))
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(response.headers.get('web-sync-protocol')).toBe('1')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await response.json()).toMatchObject({ code, status, protocol: 1, requestId: null })
    },
  )

  test.each(['2', '17'])(
    'an initiator of version %s is told so in its own version: it believes no other',
    async (version) => {
      const response = await post(testPartner(), { 'web-sync-protocol': version })
      expect(response.status).toBe(426)
      expect(response.headers.get('web-sync-protocol')).toBe(version)
      expect(await response.json()).toMatchObject({ code: 'version', protocol: Number(version) })
    },
  )

  test('own pages and allowed origins may ask, and allowed ones may read the answer', async () => {
    const world = testPartner({ allowedOrigins: ['https://app.test'] })
    const own = await post(world, { origin: 'http://partner.test', 'sec-fetch-site': 'same-origin' })
    expect(own.status).toBe(400)
    expect(own.headers.get('access-control-allow-origin')).toBeNull()
    const allowed = await post(world, { origin: 'https://app.test', 'sec-fetch-site': 'cross-site' })
    expect(allowed.status).toBe(400)
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.test')
    const preflight = new Request('http://partner.test/sync', {
      method: 'OPTIONS',
      headers: { origin: 'https://app.test', 'access-control-request-headers': 'content-type,web-sync-protocol' },
    })
    const answer = await world.partner.fetch(preflight)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-headers')).toBe('content-type,web-sync-protocol')
  })

  test('an own page may ask through a proxy that rewrites the host, as Vite’s does', async () => {
    const world = testPartner()
    const proxied = await post(world, { origin: 'http://localhost:5173', 'sec-fetch-site': 'same-origin' })
    expect(proxied.status).toBe(400)
    const unknown = await post(world, { origin: 'http://localhost:5173' })
    expect(unknown.status).toBe(403)
  })

  test('a body that is too large is refused by its announced length and while it is read, before it is parsed', async () => {
    const world = testPartner({ limits: { askBytes: LIMITS.leastAskBytes } })
    const parse = vi.spyOn(JSON, 'parse')
    const announced = await post(world, { 'content-length': String(LIMITS.leastAskBytes + 1) }, 'x')
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(LIMITS.leastAskBytes - 1)),
    })
    const headers = new Headers(ASK_HEADERS)
    const endless = await world.partner.fetch(
      new Request('http://partner.test/sync', { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit),
    )
    expect([announced.status, endless.status]).toEqual([413, 413])
    expect(parse).not.toHaveBeenCalled()
    parse.mockRestore()
  })

  test.each([
    ['no JSON', '{'],
    ['ill-formed UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
    ['an overlong form', new Uint8Array([0x22, 0xc0, 0x80, 0x22])],
    ['not an object', '5'],
    ['a hundred thousand levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('%s: malformed', async (_name, body) => {
    const response = await post(testPartner(), {}, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'malformed' })
  })

  test('an ask of another account than the signed-in one, and a space without access, are refused with the echo', async () => {
    const world = testPartner()
    const ann = world.initiator()
    const mismatch = await ann.send(ann.compose([], { account: 'bob', requestId: 'ab'.repeat(16) }))
    expect(mismatch).toMatchObject({ status: 403, problem: { code: 'account-mismatch', requestId: 'ab'.repeat(16) } })
    const foreign = world.initiator({ space: 'bob' })
    expect(await foreign.send(foreign.compose())).toMatchObject({ status: 403, problem: { code: 'forbidden' } })
    expect(await world.storage.listSpaces()).toEqual([])
  })

  test('a database that became a standby under the ask is behind with Retry-After', async () => {
    const storage = Object.assign(memoryStorage(), {
      transaction: () => Promise.reject(new PartnerError('behind', 'not the primary')),
    })
    const world = testPartner({ storage })
    const ann = world.initiator()
    const response = await world.partner.fetch(ann.request(JSON.stringify(ann.compose())))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await response.json()).toMatchObject({ code: 'behind' })
    expect(world.events).toMatchObject([{ type: 'exchange', case: 'K8', problem: 'behind' }])
  })

  test('the probes say what they are asked to anybody, at the paths that were chosen, and nothing else', async () => {
    const storage = memoryStorage()
    const state = { primary: async (): Promise<boolean> => true }
    const probed = Object.assign(storage, { isPrimary: () => state.primary() })
    const world = testPartner({ storage: probed, healthPath: '/live', readyPath: null })
    const usual = testPartner({ storage: probed })
    const ask = async ({ partner }: typeof world, path: string, method = 'GET'): Promise<string> => {
      const response = await partner.fetch(new Request(`http://partner.test${path}`, { method }))
      return `${response.status} ${method === 'HEAD' ? '' : ((await response.json()) as { status: string }).status}`
    }
    expect(await ask(world, '/live')).toBe('200 up')
    expect([await ask(world, '/health'), await ask(world, '/ready')]).toEqual(['404 404', '404 404'])
    expect([await ask(usual, '/health'), await ask(usual, '/ready')]).toEqual(['200 up', '200 ready'])
    expect(await ask(usual, '/ready', 'HEAD')).toBe('200 ')
    expect(await ask(usual, '/ready', 'PUT')).toBe('404 404')
    state.primary = async () => false
    expect(await ask(usual, '/ready')).toBe('503 behind')
    state.primary = () => Promise.reject(new Error('no connection'))
    expect(await ask(usual, '/ready')).toBe('503 unreachable')
    expect(await ask(usual, '/health')).toBe('200 up')
    let asked = 0
    state.primary = async () => {
      asked += 1
      return true
    }
    expect(await Promise.all([1, 2, 3].map(() => ask(usual, '/ready')))).toEqual(Array(3).fill('200 ready'))
    expect(asked).toBe(1)
    usual.partner.drain()
    expect(await ask(usual, '/ready')).toBe('503 draining')
    expect(() => testPartner({ readyPath: 'ready' })).toThrow(/readyPath/)
  })

  test('what the database cannot do now is busy with Retry-After, and nothing is stored', async () => {
    const world = sqlitePartner()
    const ann = world.initiator()
    await world.storage.close()
    const response = await world.partner.fetch(ann.request(JSON.stringify(ann.compose())))
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.json()).toMatchObject({ code: 'busy' })
  })

  test('no byte of one account is in another’s answers, refusals or errors', async () => {
    const canary = 'CANARY-9f3'
    const world = testPartner()
    const ann = world.initiator({ space: 'ann' })
    await ann.sync()
    const write = mutationOf({
      op: 'insert',
      collection: 'notes',
      id: canary,
      base: null,
      value: { id: canary, text: canary },
    })
    await ann.sync([write])
    const bob = world.initiator({ account: 'bob', space: 'bob' })
    await bob.sync()
    const texts: string[] = []
    const ask = async (body: unknown): Promise<void> => {
      const response = await world.partner.fetch(bob.request(JSON.stringify(body)))
      texts.push(await response.text())
    }
    const probe = mutationOf({ op: 'insert', collection: 'notes', id: canary, base: null, value: { id: canary } })
    const stolen = { partnershipId: ann.partnershipId, key: ann.key, have: ann.have }
    for (const space of ['ann', 'bob']) {
      for (const account of ['ann', 'bob']) {
        await ask(bob.compose([], { space, account }))
        await ask(bob.compose([], { space, account, ...stolen }))
        await ask(
          bob.compose(
            [{ ...write, ops: probe.ops.map((op) => ({ ...op, id: 'own', value: { id: 'own' } }) as never) }],
            { space, account, ...stolen },
          ),
        )
      }
    }
    expect(texts).toHaveLength(12)
    expect(texts.join('\n')).not.toContain(canary)
  })
})
