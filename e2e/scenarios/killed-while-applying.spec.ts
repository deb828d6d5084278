import { openApp } from '../support/app.ts'
import { needs } from '../support/capabilities.ts'
import { expect, test } from '../support/world.ts'

const PLACES = 12_000
const KILLS = 6
/** What Firefox says of a worker's file that was on its way, through the service worker, to a page that was left. */
const LEFT_WHILE_LOADING = /^Failed to load ‘\S+\/assets\/worker-\S+\.js’\. A ServiceWorker intercepted the request/

test('the worker is killed again and again while it applies pages: the data converges, equal to the server’s', async ({
  world,
  browserName,
}) => {
  const { server } = world
  await server.call('fillPlaces', 'team', PLACES)
  const device = await world.newDevice()
  // The app's worker at hand, so that it can be ended at any instant, as the browser does when memory runs out.
  await device.context.addInitScript(() => {
    const Original = globalThis.Worker
    globalThis.Worker = class extends Original {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options)
        globalThis.endWorker = () => this.terminate()
      }
    }
  })
  const page = await openApp(device, { account: 'ada' })
  const seen: number[] = []
  for (let kill = 0; kill < KILLS; kill += 1) {
    const done = await page.evaluate(async (offsetMs) => {
      const before = app.space.status().progress?.done ?? 0
      // One more page is in; then any instant of the next one.
      await app.space.when((status) => !status.isPartial || (status.progress?.done ?? 0) > before)
      await new Promise((resolve) => {
        setTimeout(resolve, offsetMs)
      })
      globalThis.endWorker()
      return app.space.status().progress?.done ?? -1
    }, kill * 7)
    seen.push(done)
    await page.reload()
    await page.evaluate(() => app.open({ account: 'ada' }))
  }
  await page.evaluate(() => app.space.upToDate())
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
  expect(await page.evaluate(() => app.space.countPlaces())).toBe(PLACES)
  expect(await page.evaluate(() => app.faults)).toEqual([])
  // It went on where it was: never back to the beginning.
  const progress = seen.filter((done) => done >= 0)
  expect(progress.length).toBeGreaterThan(0)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  expect(server.exchanges.filter((exchange) => exchange.case === 'K0')).toHaveLength(1)
  // The page starts the next worker by itself, and may be left before it is there.
  const others = world.takeErrors().filter((text) => browserName !== 'firefox' || !LEFT_WHILE_LOADING.test(text))
  expect(others).toEqual([])
})

declare global {
  // Set by the script above.
  var endWorker: () => void
}

test('the tab crashes while a write is on its way: it is accepted exactly once', async ({ world, browserName }) => {
  needs(browserName, 'renderer kill')
  const { server, proxy } = world
  const device = await world.newProfileDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  // The ask reaches the server, the answer reaches nobody.
  const lost = proxy.dropResponse({ matches: (request) => request.includes('"mutations":[{') })
  await page.evaluate(() => app.space.addNote('n1', 'text'))
  const session = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  await lost
  // There is nobody left to answer this.
  session.send('Page.crash').catch(() => undefined)
  await crashed

  const again = await device.openPage()
  await again.evaluate(() => app.open({ account: 'ada' }))
  await again.evaluate(() => app.space.upToDate())
  expect(await again.evaluate(() => app.space.notes())).toEqual({ n1: 'text' })
  expect(await server.call('log', 'team')).toHaveLength(1)
})
