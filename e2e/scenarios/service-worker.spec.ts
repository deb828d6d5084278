import type { Page } from '@playwright/test'
import { openApp } from '../support/app.ts'
import { quickBackgroundSyncArgs } from '../support/browser-options.ts'
import { needs } from '../support/capabilities.ts'
import { closeWithWorkers, findServiceWorker } from '../support/service-worker.ts'
import { expect, test, type World } from '../support/world.ts'

/** Tag of the Background Sync registration; part of what an app may see. */
const TAG = 'web-sync'

test('all tabs closed: a sync event makes the service worker deliver what was written offline', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'background sync')
  const { server, proxy } = world
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())

  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n1', 'written offline'))
  await closeWithWorkers(device, page)
  const before = server.exchanges.length
  proxy.setMode('up')
  // A page of the origin without the app: for its debugger only.
  const worker = await findServiceWorker(await device.openPage('/blank'))
  await worker.stop()
  await worker.dispatchSync(TAG)

  const exchange = await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  expect(exchange).toMatchObject({ host: 'service-worker', case: 'K1' })
  expect(server.exchanges.slice(before).every((event) => event.host === 'service-worker')).toBe(true)
  const records = await server.call('records', 'team', 'notes')
  expect(records.map((record) => record.value)).toEqual([{ id: 'n1', text: 'written offline' }])

  // The tab that is opened next finds it done.
  const again = await device.openPage()
  await again.evaluate(() => app.open({ account: 'ada' }))
  await again.evaluate(() => app.space.upToDate())
  expect(await again.evaluate(() => app.space.notes())).toEqual({ n1: 'written offline' })
  expect(await server.call('log', 'team')).toHaveLength(1)
})

test('all tabs closed: the browser’s own sync event delivers when the server is back', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'background sync')
  const { server, proxy } = world
  const device = await world.newProfileDevice({ args: quickBackgroundSyncArgs })
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())

  // The server is down, the device is online: the first event fails, and the browser repeats it after seconds.
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n1', 'written while the server was down'))
  await page.evaluate(() => app.space.reached('waiting'))
  await closeWithWorkers(device, page)
  const before = server.exchanges.length
  proxy.setMode('up')

  const exchange = await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  expect(exchange.host).toBe('service-worker')
  expect(await server.call('log', 'team')).toHaveLength(1)
})

test('the tab is closed while its first attempt hangs, before anything has failed: the browser’s own sync event delivers', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'background sync')
  const { server, proxy } = world
  const device = await world.newProfileDevice({ args: quickBackgroundSyncArgs })
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())

  // What was asked for at the start is done.
  await expect.poll(() => page.evaluate(() => app.backgroundSyncTags())).toEqual([])

  // The network swallows everything: no attempt has failed when the tab is closed.
  proxy.setMode('blackhole')
  await page.evaluate(() => app.space.addNote('n1', 'the last thing'))
  await expect.poll(() => page.evaluate(() => app.backgroundSyncTags())).toEqual([TAG])
  expect(await page.evaluate(() => app.space.status())).toMatchObject({ state: 'syncing', pending: 1 })
  await closeWithWorkers(device, page)
  const before = server.exchanges.length
  proxy.setMode('up')
  proxy.cut()

  const exchange = await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  expect(exchange.host).toBe('service-worker')
  expect(await server.call('log', 'team')).toHaveLength(1)
})

test('a tab is open: its worker and the service worker compete for one lock, and only one runs at a time', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'service-worker handle')
  const { server, proxy } = world
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  const blank = await device.openPage('/blank')
  const worker = await findServiceWorker(blank)
  // Slow enough that two runs would meet.
  proxy.setDelay(20)
  const ids = Array.from({ length: 15 }, (_, index) => `n${String(index).padStart(2, '0')}`)
  for (const id of ids) {
    await page.evaluate((name) => app.space.addNote(name, 'text'), id)
    await worker.dispatchSync(TAG)
  }
  await page.evaluate(() => app.space.upToDate())
  proxy.setDelay(0)

  expect(await server.call('mostAtOnce')).toBe(1)
  const log = await server.call('log', 'team')
  expect(log.map((change) => change.id)).toEqual(ids)
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})

test('an old tab with a new service worker: either delivers, and nothing is reloaded', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'service-worker handle')
  const { server, proxy } = world
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())

  await deployServiceWorker(server, page, 'rebuilt')
  // The old tab goes on under the new service worker …
  await page.evaluate(() => app.space.addNote('n1', 'by the old tab'))
  await server.waitForExchange((event) => event.mutations.accepted === 1 && event.host === 'worker')
  expect(await page.evaluate(() => app.loads)).toBe(1)

  // … and the new service worker delivers what the old tab wrote.
  await page.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n2', 'for the new service worker'))
  await closeWithWorkers(device, page)
  const before = server.exchanges.length
  proxy.setMode('up')
  const worker = await findServiceWorker(await device.openPage('/blank'))
  await worker.dispatchSync(TAG)
  const exchange = await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  expect(exchange.host).toBe('service-worker')
  expect((await server.call('log', 'team')).map((change) => change.id)).toEqual(['n1', 'n2'])
})

test('the new service worker knows a newer schema: it delivers what the old tab wrote, the old tab becomes read-only and says so', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'service-worker handle')
  const { server, proxy } = world
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n1', 'by the old tab'))
  // The tab itself stays without a way to the server until the new service worker has delivered.
  const before = server.exchanges.length
  await page.evaluate(() => app.space.space.close())
  proxy.setMode('up')
  await deployServiceWorker(server, page, 'next')
  const worker = await findServiceWorker(await device.openPage('/blank'))
  await worker.dispatchSync(TAG)
  const exchange = await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  expect(exchange.host).toBe('service-worker')

  expect(await page.evaluate(() => app.tryOpen({ account: 'ada' }))).toBe('newer-schema')
  expect(await page.evaluate(() => app.loads)).toBe(1)
  expect((await server.call('log', 'team')).map((change) => change.id)).toEqual(['n1'])
})

test('the new service worker opens the store with a newer schema under an open old tab: its writes say so, nothing is lost', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'service-worker handle')
  const { server } = world
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  await page.evaluate(() => app.space.addNote('n1', 'by the old tab').then(() => app.space.upToDate()))
  await deployServiceWorker(server, page, 'next')
  const worker = await findServiceWorker(await device.openPage('/blank'))
  await worker.dispatchSync(TAG)
  await expect
    .poll(() =>
      page.evaluate(() =>
        app.space.patchNote('n1', { done: true }).then(
          () => 'stored',
          (error: { code: string }) => error.code,
        ),
      ),
    )
    .toBe('newer-schema')
  // What it shows is still there to be read, and nothing was reloaded.
  expect(await page.evaluate(() => app.space.notes())).toEqual({ n1: 'by the old tab' })
  expect(await page.evaluate(() => app.loads)).toBe(1)
})

/**
 * Deploys another service worker and resolves when it controls the page. The browser may look for a new one by itself at any moment, so
 * what controls the page now is remembered first; and one that could not be installed is looked for again, as at the next navigation.
 * One that is installed waits until the old one is idle, for five minutes at most: so the old one is ended, as the browser may; but not
 * while anybody runs, for a run that hangs there would go unseen.
 */
async function deployServiceWorker(server: World['server'], page: Page, name: 'rebuilt' | 'next'): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  const before = await page.evaluateHandle(() => navigator.serviceWorker.controller)
  const old = await findServiceWorker(page)
  await server.call('deployServiceWorker', name)
  const isInControl = async (): Promise<boolean> => {
    const isHeldUp = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready
      await registration.update().catch(() => undefined)
      const { held = [] } = await navigator.locks.query()
      return registration.waiting !== null && !held.some((lock) => lock.name?.startsWith('web-sync:web-sync-') === true)
    })
    if (isHeldUp) await old.stop()
    return page.evaluate((earlier) => navigator.serviceWorker.controller !== earlier, before)
  }
  await expect.poll(isInControl).toBe(true)
}
