import type { Page } from '@playwright/test'
import { REFUSED_WORD } from '../app/schema.ts'
import { openApp, openTab } from '../support/app.ts'
import { needs } from '../support/capabilities.ts'
import { isSpare } from '../support/database.ts'
import { dumpStorage } from '../support/dump-storage.ts'
import { closeWithWorkers, findServiceWorker } from '../support/service-worker.ts'
import { expect, test, type World } from '../support/world.ts'

/** Tag of the Background Sync registration. */
const TAG = 'web-sync'

/** In every text of the first person, and in nothing else. */
const CANARY = 'canary'

/** Fits the largest text that the schema allows; a dozen of them need more than one ask. */
const LONG = 'x'.repeat(90_000)

test('signing out with keep, then somebody else: nothing of the first is readable through the second, or sent as the second', async ({
  world,
  browserName,
}) => {
  const { server, proxy } = world
  const device = await world.newDevice()
  const ada = await openApp(device, { account: 'ada', space: 'of-ada' })
  await writeCanaries(world, ada)
  const result = await ada.evaluate(() => app.space.space.signOut({ unsent: 'keep' }))
  expect(result).toEqual({ type: 'kept', spaces: [{ space: 'of-ada', unsent: 2, salvaged: 0, isComplete: true }] })
  const before = Object.keys((await dumpStorage(ada)).databases)
  await ada.close()

  const askedBefore = server.asked.length
  proxy.setMode('up')
  const ben = await openApp(device, { account: 'ben', space: 'of-ben' })
  await ben.evaluate(() => app.space.addNote('n1', 'by ben').then(() => app.space.upToDate()))
  if (browserName === 'chromium') await (await findServiceWorker(await device.openPage('/blank'))).dispatchSync(TAG)
  await ben.evaluate(() => app.space.addNote('n2', 'by ben').then(() => app.space.upToDate()))

  const dump = await dumpStorage(ben)
  // The service worker opens databases, too, and each opening in Chromium makes a spare one.
  const own = Object.entries(dump.databases).filter(([name]) => !before.includes(name) && !isSpare(name))
  expect(own).toHaveLength(1)
  // That the dump would show it is shown by what was there before.
  const isReadable = (text: string): boolean => text.includes(CANARY)
  expect(before.some((name) => isReadable(dump.databases[name] ?? ''))).toBe(true)
  expect(isReadable(JSON.stringify([own, dump.caches, dump.localStorage]))).toBe(false)
  const asked = server.asked.slice(askedBefore)
  expect(asked.length).toBeGreaterThan(0)
  expect(asked.filter(({ body }) => body.includes(CANARY) || !body.includes('"account":"ben"'))).toEqual([])

  // The first one comes back: what was unsent goes out, as her own.
  await ben.evaluate(() => app.space.space.signOut({ unsent: 'send-first' }))
  const again = await openApp(device, { account: 'ada', space: 'of-ada' })
  await again.evaluate(() => app.space.upToDate())
  expect((await server.call('log', 'of-ada')).map(({ id }) => id)).toEqual(['accepted', 'unsent'])
  expect(server.asked.filter(({ as, body }) => as !== 'ada' && body.includes(CANARY))).toEqual([])
})

test('signing out with discard: in no tab, database, cache or registration is anything left, and the service worker asks nothing', async ({
  world,
  browserName,
}) => {
  const { server, proxy } = world
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada', space: 'of-ada' })
  const other = await openTab(device, { account: 'ada', space: 'of-ada' })
  await other.evaluate(() => app.open({ account: 'ada', space: 'more-of-ada' }))
  await writeCanaries(world, page)
  await other.evaluate((text) => app.spaces['more-of-ada']?.addNote('n1', text), CANARY)

  const result = await page.evaluate(() => app.space.space.signOut({ unsent: 'discard' }))
  expect(result).toEqual({
    type: 'removed',
    spaces: [
      { space: 'more-of-ada', unsent: 1, salvaged: 0, isComplete: true },
      { space: 'of-ada', unsent: 2, salvaged: 0, isComplete: true },
    ],
  })
  for (const space of ['of-ada', 'more-of-ada']) {
    await other.evaluate((name) => app.spaces[name]?.reached('closed'), space)
  }
  expect(await other.evaluate(() => app.tryNote('of-ada'))).toBe('closed')

  const before = server.asked.length
  proxy.setMode('up')
  if (browserName === 'chromium') {
    await (await findServiceWorker(await device.openPage('/blank'))).dispatchSync(TAG)
  }
  // At once, or when the service worker is done: opening a database also creates and deletes a
  // spare one (docs/decisions/0015).
  await expect
    .poll(() => dumpStorage(page))
    .toEqual({
      databases: { 'web-sync-registry': '[[]]' },
      localStorage: '{}',
      caches: expect.not.stringContaining(CANARY),
    })
  const ben = await openApp(device, { account: 'ben', space: 'of-ben' })
  await ben.evaluate(() => app.space.upToDate())
  const asked = server.asked.slice(before)
  expect(asked.length).toBeGreaterThan(0)
  expect(asked.filter(({ as, body }) => as !== 'ben' || !body.includes('"account":"ben"'))).toEqual([])
  expect((await server.call('log', 'of-ada')).map(({ id }) => id)).toEqual(['accepted'])
})

test('the sign-in expires in the middle of a run: one new token, and the run goes on', async ({ world }) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada', byToken: true })
  await page.evaluate(() => app.space.upToDate())
  const ids = await writeLong(world, page)
  await server.call('expireBefore', 2)
  const before = server.asked.length
  proxy.setMode('up')
  await page.evaluate(() => app.space.retry())
  await page.evaluate(() => app.space.upToDate())
  const asked = server.asked.slice(before).map(({ as }) => as)
  expect(asked.slice(0, 3)).toEqual(['ada', null, 'ada'])
  expect(asked.slice(3)).not.toContain(null)
  expect((await server.call('log', 'team')).map(({ id }) => id)).toEqual(ids)
})

test('the new token in the middle of a run is somebody else’s: the run ends, and nothing more of it is accepted', async ({
  world,
}) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada', byToken: true })
  await page.evaluate(() => app.space.upToDate())
  const ids = await writeLong(world, page)
  await server.call('expireBefore', 2)
  await page.evaluate(() => (app.tokenAccount = 'ben'))
  proxy.setMode('up')
  await page.evaluate(() => app.space.retry())
  await page.evaluate(() => app.space.when(({ halt, refused }) => halt === 'account-mismatch' && refused === 0))
  const log = await server.call('log', 'team')
  expect(log.length).toBeGreaterThan(0)
  expect(log.length).toBeLessThan(ids.length)
  const asBen = server.exchanges.filter(({ account }) => account === 'ben')
  // One, or two: a run that began by itself may be over before the test asks for one.
  expect(new Set(asBen.map(({ problem }) => problem))).toEqual(new Set(['account-mismatch']))

  await page.evaluate(() => (app.tokenAccount = null))
  await server.call('expireSignIns')
  await page.evaluate(() => app.space.retry())
  await page.evaluate(() => app.space.upToDate())
  expect((await server.call('log', 'team')).map(({ id }) => id)).toEqual(ids)
})

test('two accounts in two tabs at once, by tokens: both sync, each with its own', async ({ world }) => {
  const { server } = world
  const device = await world.newDevice()
  const ada = await openApp(device, { account: 'ada', space: 'of-ada', byToken: true })
  const ben = await openTab(device, { account: 'ben', space: 'of-ben', byToken: true })
  for (let count = 0; count < 5; count += 1) {
    const id = `n${count}`
    await Promise.all([
      ada.evaluate((name) => app.space.addNote(name, 'by ada'), id),
      ben.evaluate((name) => app.space.addNote(name, 'by ben'), id),
    ])
  }
  await Promise.all([ada, ben].map((page) => page.evaluate(() => app.space.upToDate())))
  expect(new Set(Object.values(await ada.evaluate(() => app.space.notes())))).toEqual(new Set(['by ada']))
  expect(new Set(Object.values(await ben.evaluate(() => app.space.notes())))).toEqual(new Set(['by ben']))
  expect(server.asked.filter(({ as, body }) => !body.includes(`"account":"${as}"`))).toEqual([])
  expect(server.asked.filter(({ as, body }) => body.includes(as === 'ada' ? 'by ben' : 'by ada'))).toEqual([])
})

test('all tabs closed, by tokens: a service worker without tokens leaves the spaces alone, one with tokens delivers each as its account', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'service-worker handle')
  const { server, proxy } = world
  const device = await world.newDevice()
  const ada = await openApp(device, { account: 'ada', space: 'of-ada', byToken: true })
  const ben = await openTab(device, { account: 'ben', space: 'of-ben', byToken: true })
  for (const page of [ada, ben]) await page.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  await ada.evaluate(() => app.space.addNote('n1', 'by ada'))
  await ben.evaluate(() => app.space.addNote('n1', 'by ben'))
  await ben.close()
  await closeWithWorkers(device, ada)
  proxy.setMode('up')
  const before = server.asked.length
  const blank = await device.openPage('/blank')
  const withCookies = await findServiceWorker(blank)
  await withCookies.dispatchSync(TAG)
  await withCookies.stop()
  expect(server.asked.slice(before)).toEqual([])

  const page = await device.openPage('/')
  await page.evaluate(() => app.register('/sw-tokens.js'))
  await page.waitForFunction(() => navigator.serviceWorker.controller?.scriptURL.endsWith('/sw-tokens.js'))
  await page.close()
  await (await findServiceWorker(blank)).dispatchSync(TAG)
  await server.waitForExchange((event) => event.mutations.accepted === 1 && event.account === 'ada')
  await server.waitForExchange((event) => event.mutations.accepted === 1 && event.account === 'ben')
  const asked = server.asked.slice(before)
  expect(asked.filter(({ as, body }) => !body.includes(`"account":"${as}"`))).toEqual([])
  expect(asked.every(({ body }) => body.includes('"host":"service-worker"'))).toBe(true)
})

/** One accepted, one refused, one unsent; the network is down afterwards. */
async function writeCanaries({ proxy }: World, page: Page): Promise<void> {
  await page.evaluate((text) => app.space.addNote('accepted', text), CANARY)
  await page.evaluate((text) => app.space.addNote('refused', text), `${CANARY} ${REFUSED_WORD}`)
  await page.evaluate(() => app.space.when(({ pending, refused }) => pending === 0 && refused === 1))
  proxy.setMode('refuse')
  await page.evaluate((text) => app.space.addNote('unsent', text), CANARY)
}

/** Writes that need several asks; the network is down afterwards. */
async function writeLong({ proxy }: World, page: Page): Promise<readonly string[]> {
  proxy.setMode('refuse')
  const ids = Array.from({ length: 30 }, (_, index) => `n${String(index).padStart(2, '0')}`)
  await page.evaluate(
    async ([names, text]) => {
      for (const id of names) await app.space.addNote(id, text)
    },
    [ids, LONG] as const,
  )
  return ids
}
