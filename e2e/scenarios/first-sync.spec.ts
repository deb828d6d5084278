import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

const PLACES = 20_000

test('the first sync shows how far it is, and queries answer meanwhile', async ({ world }) => {
  const { server } = world
  await server.call('fillPlaces', 'team', PLACES)
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())

  const { progress, results } = await page.evaluate(() => app.space.watched())
  const done = progress.map((step) => step.done)
  expect(done).toEqual(done.toSorted((a, b) => a - b))
  expect(new Set(done).size).toBeGreaterThan(2)
  expect(progress.every((step) => step.total === PLACES)).toBe(true)
  // The live query for the ten largest places was answered while places were still coming.
  expect(results.some((result) => result.isPartial && result.ids.length === 10)).toBe(true)

  const status = await page.evaluate(() => app.space.status())
  expect(status).toMatchObject({ isPartial: false, progress: null, pending: 0 })
  expect(await page.evaluate(() => app.space.countPlaces())).toBe(PLACES)
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
  expect(server.exchanges.filter((exchange) => exchange.case === 'K0')).toHaveLength(1)
})

test('a first sync whose stream is cut goes on where it was', async ({ world }) => {
  const { server, proxy } = world
  await server.call('fillPlaces', 'team', PLACES)
  const cut = proxy.dropResponse({
    matches: (request) => request.startsWith('POST /sync') && request.includes('"key":0'),
    // Less than all places, and so much that the first page was read whatever the browser's own buffers hold: what waits there unread
    // when a stream breaks is lost with it.
    passes: 1_500_000,
  })
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await cut
  await page.evaluate(() => app.space.upToDate())
  expect(await page.evaluate(() => app.space.countPlaces())).toBe(PLACES)
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
  // It did not begin again: one key 0, and the next ask came with the key of the last whole page.
  const froms = server.exchanges.map((exchange) => (exchange.from === 0 ? 0 : exchange.from.n))
  expect(froms.filter((n) => n === 0)).toHaveLength(1)
  expect(froms[1]).toBeGreaterThan(0)
})
