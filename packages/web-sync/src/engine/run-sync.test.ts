import {
  type Ask,
  keyNumber,
  type Page,
  parseProblem,
  parseWith,
  type Problem,
  PROBLEM_STATUS,
  schemaToShape,
  type WakeReason,
} from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import { schema, TestPartnerHost } from '../claims.fixture.ts'
import type { Answer, Auth, Store, Transport } from '../contract/index.ts'
import { createMemoryStore } from '../store/create-memory-store.ts'
import { createFetchTransport } from '../transport/index.ts'
import { Pace, type RunEvent, type RunResult, runSync, type SyncOptions, type SyncPorts } from './index.ts'

const hex = (): string => crypto.randomUUID().replaceAll('-', '')

/** What stands between the engine and the real partner: an answer of its own, or null to let the ask pass. */
type Gate = (ask: Ask, headers: Readonly<Record<string, string>>) => Answer | null

interface World {
  readonly host: TestPartnerHost
  readonly store: Store
  readonly asks: Ask[]
  readonly events: RunEvent[]
  gate: Gate
  auth: Auth | null
  pace: Pace | null
  readonly clock: { ms: number }
  write(id: string): Promise<string>
  run(reason?: WakeReason, options?: Partial<SyncOptions>): Promise<Extract<RunResult, { type: 'ended' }>>
}

async function createWorld(): Promise<World> {
  const host = new TestPartnerHost()
  const clock = { ms: 1_800_000_000_000, nowMs: () => clock.ms }
  const store = await createMemoryStore(
    { account: 'ann', space: 'team', schema: schemaToShape(schema), onNotice: () => undefined },
    { nowMs: () => clock.nowMs(), randomId: hex },
  )
  const real = createFetchTransport({
    endpoint: 'http://partner.test/sync',
    fetch: (url, init) => host.fetch(url, init),
    clock,
  })
  const transport: Transport = {
    send: async (ask, headers) => {
      world.asks.push(ask)
      return world.gate(ask, headers) ?? real.send(ask, headers)
    },
  }
  const world: World = {
    host,
    store,
    asks: [],
    events: [],
    gate: () => null,
    auth: null,
    pace: null,
    clock,
    write: async (id) => {
      const mutationId = crypto.randomUUID()
      await store.write(mutationId, [{ op: 'insert', collection: 'notes', id, value: { id } }])
      return mutationId
    },
    run: async (reason = 'retry', options = {}) => {
      const ports: SyncPorts = {
        store,
        transport,
        clock,
        random: { id: hex, fraction: () => 0.5 },
        lock: { hold: async (_name, _options, work) => work() },
        lockName: 'team',
        ...(world.pace === null ? {} : { pace: world.pace }),
        auth: world.auth,
      }
      const limit = { changes: 100, bytes: 1_000_000, pages: 10 }
      const onEvent = (event: RunEvent): void => void world.events.push(event)
      const result = await runSync(ports, { reason, host: 'worker', limit, onEvent, ...options })
      if (result.type === 'busy') throw new Error('nobody holds this lock')
      return result
    },
  }
  await world.run('start')
  world.asks.length = 0
  return world
}

function problem(ask: Ask, code: Problem['code'], facts: Record<string, unknown> = {}): Answer {
  const body = { protocol: 1, status: PROBLEM_STATUS[code], code, title: code, requestId: ask.requestId, ...facts }
  const parsed = parseWith(parseProblem, body)
  if (!parsed.ok) throw new Error(parsed.message)
  return { type: 'problem', problem: parsed.value, retryAfterMs: null }
}

async function idsAtPartner(world: World): Promise<readonly string[]> {
  const found: string[] = []
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    if ((await world.host.partner.read('team', 'notes', id)) !== null) found.push(id)
  }
  return found
}

test('a mutation that always makes the partner fail is set aside; all others are accepted', async () => {
  const world = await createWorld()
  const ids = new Map<string, string>()
  for (const id of ['a', 'b', 'c', 'd', 'e']) ids.set(id, await world.write(id))
  const culprit = ids.get('c') as string
  world.gate = (ask) => {
    const isPoisoned = ask.mutations.some((mutation) => mutation.mutationId === culprit)
    return isPoisoned ? { type: 'failed', reason: 'server-error' } : null
  }
  let runs = 0
  for (; runs < 40 && (await world.store.readSummary()).counts.pending > 1; runs += 1) await world.run()
  await world.run()
  expect(await idsAtPartner(world)).toEqual(['a', 'b', 'd', 'e'])
  expect(await world.store.readStage(culprit)).toBe('set-aside')
  expect((await world.store.readSummary()).counts).toMatchObject({ pending: 1, setAside: 1, refused: 0 })

  world.gate = () => null
  await world.store.retry(culprit, culprit)
  await world.run()
  expect(await idsAtPartner(world)).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('after a 401 the credentials are refreshed once and the same mutations sent again', async () => {
  const world = await createWorld()
  let token = 'old'
  world.auth = {
    getHeaders: async (isRefresh) => {
      if (isRefresh) token = 'new'
      return { authorization: token }
    },
  }
  world.gate = (ask, headers) => (headers['authorization'] === 'new' ? null : problem(ask, 'unauthenticated'))
  await world.write('a')
  expect((await world.run()).isUpToDate).toBe(true)
  expect(world.asks.slice(0, 2).map(({ mutations }) => mutations.length)).toEqual([1, 1])
  expect(await idsAtPartner(world)).toEqual(['a'])
})

test('without new credentials it halts and keeps the outbox until somebody signs in', async () => {
  const world = await createWorld()
  world.gate = (ask) => problem(ask, 'unauthenticated')
  const mutationId = await world.write('a')
  expect((await world.run()).state).toMatchObject({ type: 'halted', code: 'sign-in' })
  expect((await world.run('timer')).exchanges).toBe(0)
  expect(await world.store.readStage(mutationId)).toBe('stored')
  world.gate = () => null
  expect((await world.run('sign-in')).isUpToDate).toBe(true)
  expect(await idsAtPartner(world)).toEqual(['a'])
})

test('a token endpoint that is out of reach is the network’s fault, not a sign-out', async () => {
  const world = await createWorld()
  world.auth = { getHeaders: () => Promise.reject(new TypeError('failed to fetch')) }
  expect((await world.run()).state).toMatchObject({ type: 'waiting', wait: { reason: 'network' } })
  expect(world.asks).toEqual([])
})

test('access is believed to have ended when two runs have heard it; then the records are gone and the writes are listed', async () => {
  const world = await createWorld()
  await world.write('a')
  await world.run()
  const unsent = await world.write('b')
  world.gate = (ask) => problem(ask, 'access-ended')
  expect((await world.run()).state).toMatchObject({ type: 'waiting', wait: { reason: 'access-doubted' } })
  expect((await world.store.query({ collection: 'notes' })).records).toHaveLength(2)
  expect((await world.run()).state).toMatchObject({ type: 'halted', code: 'access-ended' })
  expect((await world.store.query({ collection: 'notes' })).records).toEqual([])
  const refused = await world.store.listRefused()
  expect(refused.map(({ mutationId, code }) => [mutationId, code])).toContainEqual([unsent, 'access-ended'])
})

test('an ask that is too large is halved until it fits', async () => {
  const world = await createWorld()
  for (const id of ['a', 'b', 'c', 'd', 'e']) await world.write(id)
  world.gate = (ask) => (ask.mutations.length > 2 ? problem(ask, 'too-large') : null)
  expect((await world.run()).isUpToDate).toBe(true)
  expect(world.asks.map(({ mutations }) => mutations.length)).toEqual([5, 2, 2, 1])
  expect(await idsAtPartner(world)).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('a page whose key is not the child of the one before is not applied, and neither is what follows it', async () => {
  const world = await createWorld()
  await world.host.partner.transact('team', (tx) => tx['notes']?.put({ id: 'a' }))
  const before = await world.store.readState()
  world.host.onPage = (page) => ({ ...page, key: { ...page.key, n: page.key.n + 1 } })
  expect((await world.run()).state).toMatchObject({ type: 'waiting', wait: { reason: 'server-error' } })
  expect((await world.store.readState()).fence).toEqual(before.fence)
  expect((await world.store.query({ collection: 'notes' })).records).toEqual([])
})

test('a reply that leaves a mutation unanswered counts as a failure of the partner', async () => {
  const world = await createWorld()
  const mutationId = await world.write('a')
  world.host.onPage = (page) => ({ ...page, outcomes: [] })
  expect((await world.run()).state).toMatchObject({ type: 'waiting', wait: { reason: 'server-error' } })
  expect(await world.store.readStage(mutationId)).toBe('stored')
})

test('a bound on asks ends the run before it is up to date, and the next run goes on', async () => {
  const world = await createWorld()
  for (let index = 0; index < 9; index += 1) {
    await world.host.partner.transact('team', (tx) => tx['notes']?.put({ id: `n${index}` }))
  }
  const few = { limit: { changes: 2, bytes: 1_000_000, pages: 1 }, maxExchanges: 2 }
  expect(await world.run('retry', few)).toMatchObject({ exchanges: 2, isUpToDate: false })
  expect((await world.store.query({ collection: 'notes' })).records).toHaveLength(4)
  expect(await world.run()).toMatchObject({ isUpToDate: true })
  expect((await world.store.query({ collection: 'notes' })).records).toHaveLength(9)
})

test('a run for a write that another context has sent meanwhile asks nothing', async () => {
  const world = await createWorld()
  await world.write('a')
  await world.run()
  world.asks.length = 0
  expect(await world.run('write')).toMatchObject({ exchanges: 0, isUpToDate: true })
  expect(world.asks).toEqual([])
})

test('few checkpoints are offered at first, all of them only to a partner that knows none of the few', async () => {
  const world = await createWorld()
  for (let index = 0; index < 40; index += 1) {
    await world.host.partner.transact('team', (tx) => tx['notes']?.put({ id: `n${index}` }))
    await world.run()
  }
  expect(Math.max(...world.asks.map(({ have }) => have.length))).toBe(16)
  world.asks.length = 0
  world.gate = (ask) => {
    const [oldest] = ask.have.toReversed()
    if (world.asks.length > 2 || oldest === undefined) return null
    return problem(ask, 'invalid-key', { reason: 'regressed', rollbackTo: ask.have.length > 16 ? oldest : null })
  }
  expect((await world.run()).isUpToDate).toBe(true)
  // Key 41: 26 … 41, then 24, 20 … 4, then the powers of 2 that are left: 2 and 1.
  expect(world.asks.slice(0, 2).map(({ have }) => have.length)).toEqual([16, 16 + 6 + 2])
  const { exchanges } = await world.store.inspect()
  expect(exchanges.filter(({ result }) => result.startsWith('rollback to'))).toHaveLength(1)
})

test('a flood of nudges that bring nothing is twelve asks', async () => {
  const world = await createWorld()
  await world.run('start')
  world.pace = new Pace()
  world.asks.length = 0
  for (let index = 0; index < 100; index += 1) await world.run('nudge')
  expect(world.asks).toHaveLength(12)
  const held = await world.run('nudge')
  expect(held).toMatchObject({ isUpToDate: false, pausedMs: 60_000 })
})

test('work goes on at full speed', async () => {
  const world = await createWorld()
  await world.run('start')
  world.pace = new Pace()
  world.asks.length = 0
  for (let index = 0; index < 40; index += 1) {
    await world.write(`n${index}`)
    expect(await world.run('write')).toMatchObject({ isUpToDate: true })
  }
  expect(world.asks.length).toBeGreaterThanOrEqual(40)
})

/** A page that brings nothing but what is given. */
const pageOf = (ask: Ask, facts: Partial<Page>): Page => ({
  key: { n: keyNumber(ask.key) + 1, tag: hex() },
  settled: true,
  collections: ask.collections,
  changes: [],
  snapshot: false,
  outcomes: [],
  more: false,
  progress: null,
  digest: null,
  ...facts,
})

/** Answers with just these pages, as this partnership. */
const reply = (ask: Ask, pages: readonly Page[], forked: string | null = null): Answer => {
  const partnershipId = forked === null ? (ask.partnershipId as string) : hex()
  const replica = forked === null ? null : { replicaId: forked }
  const { requestId, key } = ask
  const head = {
    protocol: 1,
    requestId,
    from: key,
    partnershipId,
    partnerId: null,
    durable: 0,
    forked: replica,
  } as const
  const left = [...pages]
  return { type: 'reply', head, pages: { next: async () => left.shift() ?? null, cancel: () => undefined } }
}

/** What partners, proxies and servers that are broken answer, each time. */
const hot: readonly [string, (ask: Ask) => Answer][] = [
  ['says that it has more, and sends nothing', (ask) => reply(ask, [pageOf(ask, { more: true })])],
  [
    'sends the same change again and again, and says that it has more',
    (ask) => {
      const version = `1-${'0'.repeat(16)}`
      const change = {
        type: 'put',
        collection: 'notes',
        id: 'x',
        version,
        value: { id: 'x' },
        mutationId: null,
      } as const
      return reply(ask, [pageOf(ask, { more: true, changes: [change] })])
    },
  ],
  [
    'answers a mutation that nobody has sent',
    (ask) => {
      const outcome = {
        mutationId: crypto.randomUUID(),
        type: 'accepted',
        duplicate: true,
        merged: false,
        versions: [],
      } as const
      return reply(ask, [pageOf(ask, { more: true, outcomes: [outcome] })])
    },
  ],
  ['forks', (ask) => reply(ask, [pageOf(ask, { more: true })], hex())],
  ['ends its streams before the first page', (ask) => reply(ask, [])],
  ['fails', (ask) => problem(ask, 'internal')],
  ['knows no key', (ask) => problem(ask, 'invalid-key', { reason: 'unknown', rollbackTo: null })],
  ['is not our partner', () => ({ type: 'failed', reason: 'not-our-partner' })],
  ['breaks the connection', () => ({ type: 'failed', reason: 'network' })],
]

describe('without progress a device asks at most twelve times a minute', () => {
  const reasons: readonly WakeReason[] = ['nudge', 'online', 'sync-event', 'timer', 'sign-in', 'write']

  test.each(hot)(
    'where the partner %s: two tabs and a service worker, woken for whatever reason but that a person opens or retries',
    async (_, answer) => {
      const world = await createWorld()
      await world.write('a')
      const contexts = [new Pace(), new Pace(), new Pace()]
      world.asks.length = 0
      world.gate = answer
      const askedAtMs: number[] = []
      for (let step = 0; step < 420; step += 1) {
        world.pace = contexts[step % contexts.length] as Pace
        const before = world.asks.length
        await world.run(reasons[step % reasons.length], { host: step % 3 === 2 ? 'service-worker' : 'worker' })
        for (let count = before; count < world.asks.length; count += 1) askedAtMs.push(world.clock.ms)
        world.clock.ms += 1_000
      }
      const inMinute = (fromMs: number): number =>
        askedAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + 60_000).length
      // A change is progress when it comes first, in each context.
      const [firstMs = 0] = askedAtMs
      expect(inMinute(firstMs)).toBeLessThanOrEqual(12 + contexts.length)
      const later = askedAtMs.filter((atMs) => atMs >= firstMs + 10_000)
      expect(Math.max(...later.map(inMinute))).toBeLessThanOrEqual(12)
    },
  )

  test('an ask that is made a second time, with all checkpoints, is two', async () => {
    const world = await createWorld()
    for (let index = 0; index < 40; index += 1) {
      await world.host.partner.transact('team', (tx) => tx['notes']?.put({ id: `n${index}` }))
      await world.run()
    }
    world.pace = new Pace()
    world.asks.length = 0
    // What a proxy that answers for a restored partner might say; each time nothing comes of it.
    world.gate = (ask) =>
      ask.have.length > 16
        ? problem(ask, 'internal')
        : problem(ask, 'invalid-key', { reason: 'unknown', rollbackTo: null })
    for (let index = 0; index < 50; index += 1) await world.run('nudge')
    expect(world.asks).toHaveLength(12)
  })

  test('a tab that is opened asks once, and leaves the room to the others', async () => {
    const world = await createWorld()
    await world.run('start')
    world.asks.length = 0
    for (let tab = 0; tab < 30; tab += 1) {
      world.pace = new Pace()
      await world.run('start')
    }
    expect(world.asks).toHaveLength(30)
    await world.write('a')
    expect(await world.run('write')).toMatchObject({ isUpToDate: true, exchanges: 1 })
    world.gate = (ask) => reply(ask, [pageOf(ask, { more: true })])
    world.asks.length = 0
    world.pace = new Pace()
    await world.run('start')
    expect(world.asks).toHaveLength(13)
  })

  test('a person who tries again is not held up', async () => {
    const world = await createWorld()
    world.pace = new Pace()
    world.gate = (ask) => problem(ask, 'internal')
    for (let index = 0; index < 30; index += 1) await world.run('nudge')
    world.gate = () => null
    expect(await world.run('retry')).toMatchObject({ isUpToDate: true })
  })
})

test.each([-86_400_000, -600_000, 86_400_000])(
  'a clock that is put by %i ms puts off no attempt that a timer has waited for',
  async (byMs) => {
    const world = await createWorld()
    await world.write('a')
    world.gate = (ask) => problem(ask, 'internal')
    const { state } = await world.run('write')
    if (state.type !== 'waiting') throw new Error(state.type)
    world.gate = () => null
    world.clock.ms += byMs
    expect(await world.run('timer', { waitedUntilMs: state.wait.untilMs })).toMatchObject({ isUpToDate: true })
  },
)
