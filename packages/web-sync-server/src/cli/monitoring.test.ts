import { expect, test } from 'vitest'
import { EventReader, eventsRequest } from '../testing/event-reader.fixture.ts'
import { mutationOf, randomHex, ScriptedInitiator } from '../testing/scripted-initiator.ts'
import { partnerFolder, startServing } from '../testing/serve.fixture.ts'

const CANARY = 'CANARY'

/** The metrics' samples by name and labels. */
function parse(text: string): ReadonlyMap<string, number> {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

const insert = (id: string) => {
  const value = { id, [`${CANARY}-field`]: `${CANARY}-value` }
  return mutationOf({ op: 'insert', collection: 'notes', id, base: null, value })
}

test('metrics and logs of a process say what happened, and nothing that users chose: no account, space, token, id or field', async () => {
  const serving = await startServing(partnerFolder(), '--data', 'data.db', '--port', '0', '--metrics-port', '0')
  const open = (account: string): ScriptedInitiator =>
    new ScriptedInitiator({
      fetch: (request) => fetch(request),
      url: `${serving.url}/sync`,
      account: `${CANARY}-${account}`,
      space: `${CANARY}-space`,
    })
  const [ann, bob] = [open('ann'), open('bob')]
  await ann.sync()
  await bob.sync()
  const stream = await fetch(eventsRequest(bob, [bob.partnershipId], `${serving.url}/sync`))
  const events = new EventReader(stream.body as ReadableStream<Uint8Array>)
  const first = insert(`${CANARY}-id`)
  await ann.sync([first])
  expect((await events.nudge()).partnershipId).toBe(bob.partnershipId)
  await ann.sync([first, insert(`no-${CANARY}`)])
  // Somebody else was first.
  await bob.sync([insert(`${CANARY}-id`)])
  const bug = await ann.send(ann.compose([insert(`bug-${CANARY}`)]))
  expect(bug).toMatchObject({ type: 'problem', problem: { code: 'internal' } })
  // A checkpoint of another history, and somebody else's partnership.
  const lost = { n: 1, tag: randomHex() }
  expect(await ann.send(ann.compose([], { key: lost }))).toMatchObject({ problem: { reason: 'regressed' } })
  const unknown = ann.compose([], { key: lost, partnershipId: randomHex() })
  expect(await ann.send(unknown)).toMatchObject({ problem: { reason: 'unknown' } })
  const { url } = ann.request('')
  const headers = { 'web-sync-protocol': '1', authorization: `${CANARY}-token`, [`x-${CANARY}`]: CANARY }
  const requests = [
    [
      `${url}?${CANARY}`,
      { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: `{"${CANARY}":` },
    ],
    [`${url}/events?partnership=${CANARY}`, { headers }],
    [`${serving.url}/${CANARY}`, { headers }],
    [url, { method: 'POST', headers: { 'web-sync-protocol': '1', origin: `https://${CANARY}.test` } }],
    [url, { method: 'POST', headers: { 'web-sync-protocol': '1' } }],
  ] as const
  const statuses = await Promise.all(requests.map(async ([at, init]) => (await fetch(at, init)).status))
  expect(statuses).toEqual([400, 400, 404, 403, 401])
  expect((await fetch(`${serving.url}/metrics`)).status).toBe(404)
  const response = await fetch(serving.metricsUrl ?? '')
  const text = await response.text()
  expect(response.headers.get('content-type')).toContain('version=0.0.4')
  const metrics = parse(text)
  const read = (names: readonly string[]): unknown => Object.fromEntries(names.map((name) => [name, metrics.get(name)]))
  const expected = {
    'web_sync_exchanges_total{outcome="reply"}': 5,
    'web_sync_exchanges_total{outcome="invalid-key"}': 2,
    'web_sync_cases_total{case="K0"}': 2,
    'web_sync_cases_total{case="K1"}': 3,
    'web_sync_cases_total{case="K5"}': 1,
    'web_sync_cases_total{case="K8"}': 0,
    'web_sync_rollbacks_total{reason="regressed"}': 1,
    'web_sync_rollbacks_total{reason="unknown"}': 1,
    'web_sync_mutations_total{outcome="accepted"}': 1,
    'web_sync_mutations_total{outcome="duplicate"}': 1,
    'web_sync_mutations_total{outcome="refused"}': 2,
    web_sync_conflicts_total: 1,
    'web_sync_turned_away_total{request="ask",problem="internal"}': 1,
    'web_sync_turned_away_total{request="ask",problem="malformed"}': 1,
    'web_sync_turned_away_total{request="ask",problem="unauthenticated"}': 1,
    'web_sync_turned_away_total{request="events",problem="malformed"}': 1,
    'web_sync_exchange_seconds_bucket{le="+Inf"}': 7,
    web_sync_exchange_seconds_count: 7,
    web_sync_errors_total: 1,
    web_sync_event_streams: 1,
    web_sync_nudges_total: 1,
    web_sync_draining: 0,
  }
  expect(read(Object.keys(expected))).toEqual(expected)
  expect(metrics.get('web_sync_commits_total')).toBeGreaterThan(0)
  serving.signal()
  expect(await events.ended()).toBe(true)
  expect(await serving.ended).toBe(0)
  const lines = serving.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const error = lines.find(({ event }) => event === 'error')
  expect(error).toMatchObject({ where: 'ask', error: { name: 'Error' } })
  // Enough to find the bug by.
  expect(JSON.stringify(error)).toContain('partner.ts')
  const exchange = lines.find(({ event }) => event === 'exchange')
  expect(exchange).toMatchObject({ case: 'K0', host: 'worker', partnershipId: ann.partnershipId, problem: null, to: 1 })
  expect(lines.filter(({ event }) => event === 'turned-away')).toHaveLength(5)
  expect(serving.lines.join('\n')).not.toContain(CANARY)
  expect(text).not.toContain(CANARY)
})
