import type { Page } from '@playwright/test'
import { openApp, openTab } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

/** A name that is no secure origin, and that leads here. */
const HOST = 'web-sync.test'

/** Firefox reports this as an error, though the rejection is caught. */
const FIREFOX_SAYS = /Storage access is restricted in this context/

function tryTwice(page: Page): Promise<readonly (string | null)[]> {
  return page.evaluate(async () => [await app.tryOpen({ account: 'ada' }), await app.tryOpen({ account: 'ada' })])
}

test('site data is blocked: a code, no error that nobody caught, and nothing that was stored is lost', async ({
  world,
}) => {
  const { server, proxy } = world
  const device = await world.newProfileDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n1', 'written before'))
  await device.close()
  proxy.setMode('up')

  await device.startWithSiteDataBlocked()
  const errors: string[] = []
  device.context.on('weberror', (error) => errors.push(String(error.error())))
  const blocked = await device.openPage()
  expect(await tryTwice(blocked)).toEqual(['storage-forbidden', 'storage-forbidden'])
  expect(await blocked.evaluate(() => app.tryRegister())).toBe(false)
  await blocked.evaluate(() => new Promise((resolve) => void setTimeout(resolve, 0)))
  expect(await blocked.evaluate(() => app.faults)).toEqual([])
  await device.close()
  expect(errors.filter((text) => !FIREFOX_SAYS.test(text))).toEqual([])
  expect(await server.call('log', 'team')).toEqual([])

  // Allowed again: what was written before is there, and is delivered once.
  await device.start()
  const again = await openApp(device, { account: 'ada' })
  await again.evaluate(() => app.space.upToDate())
  expect(await again.evaluate(() => app.space.notes())).toEqual({ n1: 'written before' })
  expect(await server.call('log', 'team')).toHaveLength(1)
})

test('a page without https: two tabs write and sync, also what was written offline, without a service worker', async ({
  world,
}) => {
  const { server, proxy } = world
  const device = await world.newProfileDevice({
    origin: `http://${HOST}:${proxy.port}`,
    args: [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`],
    firefoxUserPrefs: { 'network.dns.localDomains': HOST },
  })
  const page = await device.openPage()
  expect(await page.evaluate(() => [isSecureContext, typeof (crypto as Partial<Crypto>).randomUUID])).toEqual([
    false,
    'undefined',
  ])
  await page.evaluate(() => app.signIn('ada'))
  expect(await page.evaluate(() => app.tryRegister())).toBe(false)
  await page.evaluate(() => app.open({ account: 'ada' }))
  const other = await openTab(device, { account: 'ada' })
  await Promise.all([page, other].map((tab) => tab.evaluate(() => app.space.upToDate())))

  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n1', 'by the first tab'))
  await other.evaluate(() => app.space.addNote('n2', 'by the second tab'))
  await page.close()
  proxy.setMode('up')
  await other.reload()
  await other.evaluate(() => app.open({ account: 'ada' }))
  await other.evaluate(() => app.space.upToDate())
  expect(await other.evaluate(() => app.space.notes())).toEqual({ n1: 'by the first tab', n2: 'by the second tab' })
  const log = await server.call('log', 'team')
  expect(log.map(({ id }) => id).toSorted()).toEqual(['n1', 'n2'])
  expect(await other.evaluate(() => app.faults)).toEqual([])
})
