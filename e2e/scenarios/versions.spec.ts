import type { Page } from '@playwright/test'
import { openApp } from '../support/app.ts'
import { needs } from '../support/capabilities.ts'
import type { Device } from '../support/device.ts'
import type { Version } from '../support/previous.ts'
import { closeWithWorkers, findServiceWorker } from '../support/service-worker.ts'
import { expect, test } from '../support/world.ts'

/** Tag of the Background Sync registration. */
const TAG = 'web-sync'

const VERSIONS: readonly Version[] = ['n-1', 'n']

for (const partner of VERSIONS) {
  for (const client of VERSIONS) {
    const before = client === 'n' ? 'n-1' : 'n'
    test(`written offline by client ${before}, opened by client ${client}, server ${partner}: nothing is lost or doubled`, async ({
      world,
      browserName,
    }) => {
      needs(browserName, 'service-worker handle')
      const { server, proxy } = world
      await server.deploy({ partner, app: before })
      const device = await world.newDevice()
      const old = await openApp(device, { account: 'ada' })
      expect(await old.evaluate(() => app.version)).toBe(before)
      await old.evaluate(() => app.space.addNote('n0', 'in step').then(() => app.space.upToDate()))
      proxy.setMode('refuse')
      await old.evaluate(() => app.space.addNote('n1', 'offline'))
      await old.evaluate(() => app.space.patchNote('n0', { done: true }))
      await closeWithWorkers(device, old)

      await server.deploy({ partner, app: client })
      proxy.setMode('up')
      await updateServiceWorker(device)
      let page = await device.openPage()
      expect(await page.evaluate(() => app.version)).toBe(client)
      if (client === 'n-1') {
        // The store has a newer layout: the version before leaves it as it is, and says so once.
        expect(await page.evaluate(() => app.tryOpen({ account: 'ada' }))).toBe('newer-schema')
        expect(await page.evaluate(() => app.loads)).toBe(1)
        await server.deploy({ partner, app: 'n' })
        await updateServiceWorker(device)
        page = await device.openPage()
      }
      await page.evaluate(() => app.open({ account: 'ada' }))
      expect(await page.evaluate(() => app.space.notes())).toEqual({ n0: 'in step', n1: 'offline' })
      await page.evaluate(() => app.space.addNote('n2', 'afterwards').then(() => app.space.upToDate()))
      expect((await server.call('log', 'team')).map(({ id }) => id)).toEqual(['n0', 'n1', 'n0', 'n2'])
      expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
      expect(await page.evaluate(() => [app.loads, app.space.status().refused])).toEqual([1, 0])

      // The server is of the other version from one exchange to the next, under an open page.
      await server.deploy({ partner: partner === 'n' ? 'n-1' : 'n', app: client })
      await page.evaluate(() => app.space.addNote('n3', 'to the other server'))
      await page.evaluate(() => app.space.retry())
      await page.evaluate(() => app.space.upToDate())
      expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
      // No change of versions made a device begin anew.
      expect(server.exchanges.filter(({ case: found }) => found === 'K0')).toHaveLength(1)
    })
  }
}

test('a tab of the version before, a new service worker and a new tab at once: everything is delivered, nothing is reloaded', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'service-worker handle')
  const { server, proxy } = world
  await server.deploy({ partner: 'n', app: 'n-1' })
  const device = await world.newDevice()
  const old = await openApp(device, { account: 'ada' })
  await old.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  await old.evaluate(() => app.space.addNote('n1', 'by the old tab'))
  await server.deploy({ partner: 'n', app: 'n' })
  proxy.setMode('up')
  await updateServiceWorker(device)
  const young = await device.openPage()
  await young.evaluate(() => app.open({ account: 'ada' }))
  expect([await old.evaluate(() => app.version), await young.evaluate(() => app.version)]).toEqual(['n-1', 'n'])

  // The new tab's layout is newer: the old one stands aside, says so, and loses nothing.
  await old.evaluate(() => app.space.reached('closed').catch(() => undefined))
  expect(await old.evaluate(() => app.tryNote('team'))).toMatch(/closed|newer-schema/)
  await young.evaluate(() => app.space.addNote('n2', 'by the new tab').then(() => app.space.upToDate()))
  expect(await young.evaluate(() => app.space.notes())).toEqual({ n1: 'by the old tab', n2: 'by the new tab' })
  proxy.setMode('refuse')
  await young.evaluate(() => app.space.addNote('n3', 'for the new service worker'))
  expect([await old.evaluate(() => app.loads), await young.evaluate(() => app.loads)]).toEqual([1, 1])
  await old.close()
  await closeWithWorkers(device, young)
  const before = server.exchanges.length
  proxy.setMode('up')
  await (await findServiceWorker(await device.openPage('/blank'))).dispatchSync(TAG)
  const exchange = await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  expect(exchange.host).toBe('service-worker')
  expect((await server.call('log', 'team')).map(({ id }) => id).toSorted()).toEqual(['n1', 'n2', 'n3'])
})

test('the partner speaks another version of the protocol: a clear word, nothing is lost, and the update ends it', async ({
  world,
}) => {
  const { server } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  for (const version of [0, 2]) {
    await server.call('setForeignVersion', version)
    await page.evaluate((id) => app.space.addNote(id, 'unsent'), `n${version}`)
    await page.evaluate(() => app.space.reached('halted'))
    expect(await page.evaluate(() => app.space.status())).toMatchObject({ halt: 'update', pending: 1 })
    await server.call('setForeignVersion', null)
    await page.reload()
    await page.evaluate(() => app.open({ account: 'ada' }))
    await page.evaluate(() => app.space.upToDate())
  }
  expect((await server.call('log', 'team')).map(({ id }) => id)).toEqual(['n0', 'n2'])
})

test('the schema grows over unsent writes: records, writes and indexes are the new ones, and old code stays out', async ({
  world,
}) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.addNote('n1', 'accepted').then(() => app.space.upToDate()))
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n2', 'unsent'))
  await page.evaluate(() => app.space.patchNote('n1', { text: 'patched' }))
  await page.evaluate(() => app.space.space.close())
  await server.deploy({ partner: 'n', app: 'n', schema: 'grown' })

  const opened = page.evaluate(() => app.openGrown('ada', 'grown'))
  // It has shown them before there was a way to the server.
  proxy.setMode('up')
  expect(await opened).toEqual([
    { id: 'grown', body: 'grown', done: true },
    { id: 'n1', body: 'patched', done: false },
    { id: 'n2', body: 'unsent', done: false },
  ])
  const records = await server.call('records', 'team', 'notes')
  expect(records.map(({ value }) => value)).toEqual([
    { id: 'grown', body: 'grown', done: true },
    { id: 'n1', body: 'patched', done: false },
    { id: 'n2', body: 'unsent', done: false },
  ])
  // The version before is refused, and has changed nothing.
  expect(await page.evaluate(() => app.tryOpen({ account: 'ada' }))).toBe('newer-schema')
  expect(await page.evaluate(() => app.openGrown('ada', 'once more'))).toHaveLength(4)
  expect(await page.evaluate(() => app.loads)).toBe(1)
})

/** As the browser does with the next navigation: looks for the app's new service worker, which brings the new page with it. */
async function updateServiceWorker(device: Device): Promise<void> {
  const blank: Page = await device.openPage('/blank')
  const before = await blank.evaluateHandle(async () => (await navigator.serviceWorker.getRegistration('/'))?.active)
  const isNew = (): Promise<boolean> =>
    blank.evaluate(async (earlier) => {
      const registration = await navigator.serviceWorker.getRegistration('/')
      await registration?.update()
      return registration?.active !== earlier && registration?.active?.state === 'activated'
    }, before)
  await expect.poll(isNew).toBe(true)
  await blank.close()
}
