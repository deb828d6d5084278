import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

/** True for an ask that carries mutations. */
const hasMutations = (request: string): boolean =>
  request.startsWith('POST /sync') && request.includes('"mutations":[{')

test('a response that is lost after the server has committed: the next exchange says duplicate, nothing is doubled', async ({
  world,
}) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  const before = server.exchanges.length

  // The head gets through: a browser repeats a request by itself if a used connection breaks before that.
  const lost = proxy.dropResponse({ matches: hasMutations, passes: 'head' })
  await page.evaluate(() => app.space.addNote('n1', 'once'))
  await lost
  await page.evaluate(() => app.space.upToDate())

  const [first, second] = server.exchanges.slice(before)
  expect(first).toMatchObject({ case: 'K1', mutations: { accepted: 1, duplicate: 0 } })
  expect(second).toMatchObject({ case: 'K2', mutations: { accepted: 0, duplicate: 1 }, from: first?.from })
  expect(second?.requestId).not.toBe(first?.requestId)
  expect(await server.call('log', 'team')).toHaveLength(1)
  expect(await page.evaluate(() => app.space.status())).toMatchObject({ pending: 0, refused: 0 })
  expect(await page.evaluate(() => app.space.notes())).toEqual({ n1: 'once' })
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})

test('the server is killed in the moment in which it answers: what it has committed is not done twice', async ({
  world,
}) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())

  const lost = proxy.dropResponse({ matches: hasMutations })
  await page.evaluate(() => app.space.addNote('n1', 'once'))
  await lost
  await server.kill()
  await page.evaluate(() => app.space.addNote('n2', 'while it was down'))
  await server.start()
  await page.evaluate(() => app.space.upToDate())
  expect((await server.call('log', 'team')).map((change) => change.id)).toEqual(['n1', 'n2'])
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})

test('the network swallows the answer and the tab is reloaded in mid-exchange: what was committed is not done twice', async ({
  world,
}) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  const before = server.exchanges.length

  proxy.setMode('drop-down')
  await page.evaluate(() => app.space.addNote('n1', 'once'))
  await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  // The device knows nothing of it, and goes on without.
  expect(await page.evaluate(() => app.space.status())).toMatchObject({ state: 'syncing', pending: 1 })
  await page.reload()
  proxy.setMode('up')
  proxy.cut()
  await page.evaluate(() => app.open({ account: 'ada' }).then(() => app.space.upToDate()))
  await server.waitForExchange((event) => event.mutations.duplicate === 1, before)
  expect(await server.call('log', 'team')).toHaveLength(1)
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})
