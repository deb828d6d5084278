import type { Page } from '@playwright/test'
import { openApp, openTab } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

/** Chromium throws a page away, in its cache, that was left with a lock or a transaction which another one waits for. */
const CIRCUMSTANCES = ['WebLocksContention', 'IgnoreEventAndEvict']

/** Gathers why Chromium did not restore a page out of its cache. */
async function gatherReasons(page: Page): Promise<readonly string[]> {
  const reasons: string[] = []
  const session = await page.context().newCDPSession(page)
  session.on('Page.backForwardCacheNotUsed', ({ notRestoredExplanations }) => {
    reasons.push(...notRestoredExplanations.map(({ reason }) => reason))
  })
  await session.send('Page.enable')
  return reasons
}

test('a page is left and comes back: it shows what has changed meanwhile, writes, and syncs, out of the back/forward cache where the engine keeps it there', async ({
  world,
  browserName,
}) => {
  const { server } = world
  const device = await world.newProfileDevice()
  await device.close()
  await device.startWithBfcache()
  const page = await device.openPage()
  await page.evaluate(() => app.signIn('ada'))
  const follow = async (): Promise<void> => {
    globalThis.seenIds = []
    await app.open({ account: 'ada' })
    app.space.space.collections.notes.query().subscribe(({ records }) => {
      globalThis.seenIds = records.map(({ id }) => id)
    })
  }
  await page.evaluate(follow)
  await page.evaluate(() => app.space.addNote('n1', 'before').then(() => app.space.upToDate()))
  await device.context.addInitScript(() => {
    if (
      performance
        .getEntriesByType('navigation')
        .some((entry) => (entry as PerformanceNavigationTiming).type === 'back_forward')
    ) {
      localStorage.setItem('back', 'loaded')
    }
  })
  await page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) => localStorage.setItem('back', persisted ? 'restored' : 'loaded'))
  })
  const other = await openTab(device, { account: 'ada' })
  await other.evaluate(() => app.space.upToDate())
  await page.goto('/blank')
  await other.evaluate(() => app.space.addNote('n2', 'while it was away').then(() => app.space.upToDate()))
  const elsewhere = await openApp(await world.newDevice(), { account: 'bob' })
  await elsewhere.evaluate(() => app.space.addNote('n3', 'elsewhere').then(() => app.space.upToDate()))

  const reasons = browserName === 'chromium' ? await gatherReasons(page) : []
  // The driver waits for a load that a restored page does not have.
  page.evaluate(() => history.back()).catch(() => undefined)
  await other.waitForFunction(() => localStorage.getItem('back') !== null)
  const back = await other.evaluate(() => localStorage.getItem('back'))
  // Firefox loads a page anew that had a space open: a worker with Web Locks and a stream belongs to it.
  if (browserName === 'chromium' && back === 'loaded') {
    await expect.poll(() => reasons).not.toEqual([])
    expect(CIRCUMSTANCES).toEqual(expect.arrayContaining([...reasons]))
  } else expect(back).toBe(browserName === 'chromium' ? 'restored' : 'loaded')
  if (back === 'loaded') await page.evaluate(follow)
  await expect.poll(() => page.evaluate(() => globalThis.seenIds)).toEqual(['n1', 'n2', 'n3'])
  await page.evaluate(() => app.space.addNote('n4', 'after').then(() => app.space.upToDate()))
  await other.evaluate(() => app.space.upToDate())
  const fingerprint = await server.call('fingerprint', 'team')
  for (const tab of [page, other]) {
    await expect.poll(() => tab.evaluate(() => app.space.fingerprint())).toBe(fingerprint)
    expect(await tab.evaluate(() => app.faults)).toEqual([])
  }
})

test('a page that no other tab waits for is left and comes back: Chromium keeps it, and it shows what has changed meanwhile', async ({
  world,
  browserName,
}) => {
  const device = await world.newProfileDevice()
  await device.close()
  await device.startWithBfcache()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.addNote('n1', 'before').then(() => app.space.upToDate()))
  await page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) => localStorage.setItem('back', persisted ? 'restored' : 'loaded'))
  })
  await page.goto('/blank')
  const elsewhere = await openApp(await world.newDevice(), { account: 'bob' })
  await elsewhere.evaluate(() => app.space.addNote('n2', 'elsewhere').then(() => app.space.upToDate()))
  const blank = await device.openPage('/blank')
  page.evaluate(() => history.back()).catch(() => undefined)
  if (browserName === 'chromium') {
    await expect.poll(() => blank.evaluate(() => localStorage.getItem('back'))).toBe('restored')
  } else {
    await page.waitForURL(({ pathname }) => pathname === '/')
    await page.evaluate(() => app.open({ account: 'ada' }))
  }
  await expect.poll(() => page.evaluate(() => app.space.notes())).toEqual({ n1: 'before', n2: 'elsewhere' })
})

test('a page in the back/forward cache does not stand in the way of a wipe, nor of the others’ runs', async ({
  world,
}) => {
  const { server } = world
  const device = await world.newProfileDevice()
  await device.close()
  await device.startWithBfcache()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  const other = await openTab(device, { account: 'ada' })
  await page.evaluate(() => app.space.addNote('n1', 'at the last moment'))
  await page.goto('/blank')
  await other.evaluate(() => app.space.addNote('n2', 'by the other').then(() => app.space.upToDate()))
  expect((await server.call('log', 'team')).map(({ id }) => id).toSorted()).toEqual(['n1', 'n2'])
  await other.evaluate(() => app.space.wipe())
  // At once, or when the context that checks the others is done: opening a database also creates
  // and deletes a spare one (docs/decisions/0015).
  await expect
    .poll(() => other.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name)))
    .toEqual(['web-sync-registry'])
})

declare global {
  // Set by the script above.
  var seenIds: readonly string[]
}
