import type { Page } from '@playwright/test'
import { openApp } from '../support/app.ts'
import { needs } from '../support/capabilities.ts'
import { nameDatabase } from '../support/database.ts'
import type { ProfileDevice } from '../support/device.ts'
import { stopProcessOf } from '../support/stop-process.ts'
import { expect, test } from '../support/world.ts'

/** Longest wait of the others for a tab that holds the lock of the runs and has stopped. */
const MOST_FOR_LOCK_MS = 30_000
/** The answer takes so long: enough to stop the process before it comes. */
const ANSWER_MS = 4_000
/** Longest wait of the others for a tab that holds a transaction: three attempts of 10 s, and what surrounds them. */
const MOST_FOR_TRANSACTION_MS = 60_000

/** Without a service worker: it might live in the process that is stopped, and all requests of the origin would wait for it. */
async function openPlain(device: ProfileDevice): Promise<Page> {
  const page = await device.openPage()
  await page.evaluate(() => app.signIn('ada').then(() => app.open({ account: 'ada' })))
  return page
}

test('the process of a tab is stopped in the middle of a run: the others’ writes are accepted in bounded time, and when it goes on it commits nothing stale', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'freezing')
  test.slow()
  const { server, proxy } = world
  const device = await world.newProfileDevice()
  const stopped = await openPlain(device)
  const other = await openPlain(device)
  for (const tab of [stopped, other]) await tab.evaluate(() => app.space.upToDate())
  const before = server.exchanges.length
  // Its answer is on the way: it comes while the process stands still.
  proxy.setDelay(ANSWER_MS)
  await stopped.evaluate(() => app.space.addNote('n1', 'by the stopped tab'))
  await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  const goOn = await stopProcessOf(device, stopped)
  proxy.setDelay(0)
  try {
    const startedAt = performance.now()
    await other.evaluate(async () => {
      const write = app.space.space.collections.notes.insert({ id: 'n2', text: 'by the other tab' })
      await write
      await write.accepted
    })
    expect(performance.now() - startedAt).toBeLessThan(MOST_FOR_LOCK_MS)
    await other.evaluate(() => app.space.upToDate())
  } finally {
    goOn()
  }
  const key = await other.evaluate(() => app.space.keyNumber())
  await stopped.evaluate(() => app.space.addNote('n3', 'it goes on'))
  for (const tab of [stopped, other]) await tab.evaluate(() => app.space.upToDate())
  expect(await other.evaluate(() => app.space.keyNumber())).toBeGreaterThan(key)
  // What it then wanted to commit belonged to a key that is no longer current.
  const results = await stopped.evaluate(async () => (await app.space.exchanges()).map(({ result }) => result))
  expect(results).toContain('stale')
  expect((await server.call('log', 'team')).map(({ id }) => id).toSorted()).toEqual(['n1', 'n2', 'n3'])
  const fingerprint = await server.call('fingerprint', 'team')
  for (const tab of [stopped, other]) {
    await expect.poll(() => tab.evaluate(() => app.space.fingerprint())).toBe(fingerprint)
    expect(await tab.evaluate(() => app.faults)).toEqual([])
  }
})

test('the process of a tab is stopped while it holds a transaction: the others go on in bounded time, and nothing that it was promised is lost', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'freezing')
  test.slow()
  const { server } = world
  const device = await world.newProfileDevice()
  const stopped = await openPlain(device)
  const other = await openPlain(device)
  for (const tab of [stopped, other]) await tab.evaluate(() => app.space.upToDate())
  // On all stores, in the process of the app's own worker, which waits behind it with a write that was begun before.
  await stopped.evaluate(
    async (name) => {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const opening = indexedDB.open(name)
        opening.onsuccess = () => resolve(opening.result)
      })
      const store = db.transaction([...db.objectStoreNames], 'readwrite').objectStore('meta')
      let isHeld = true
      const hold = (): void => {
        store.get('nothing').onsuccess = () => {
          if (isHeld) hold()
          else db.close()
        }
      }
      hold()
      globalThis.releaseTransaction = () => {
        isHeld = false
      }
      globalThis.waitingWrite = app.space.addNote('n1', 'by the stopped tab')
    },
    await nameDatabase(stopped),
  )
  const goOn = await stopProcessOf(device, stopped)
  try {
    const startedAt = performance.now()
    await other.evaluate(async () => {
      const write = app.space.space.collections.notes.insert({ id: 'n2', text: 'by the other tab' })
      await write
      await write.accepted
    })
    expect(performance.now() - startedAt).toBeLessThan(MOST_FOR_TRANSACTION_MS)
    expect(await other.evaluate(() => app.space.status().storage.recovery)).toMatchObject({
      cause: 'no-answer',
      unreadable: null,
    })
  } finally {
    goOn()
  }
  await stopped.evaluate(async () => {
    globalThis.releaseTransaction()
    await globalThis.waitingWrite
  })
  await other.evaluate(() => app.space.when(({ storage }) => storage.recovery?.isOldKept === false))
  await stopped.evaluate(() => app.space.addNote('n3', 'it goes on'))
  for (const tab of [stopped, other]) await tab.evaluate(() => app.space.upToDate())
  expect((await server.call('log', 'team')).map(({ id }) => id).toSorted()).toEqual(['n1', 'n2', 'n3'])
  const fingerprint = await server.call('fingerprint', 'team')
  for (const tab of [stopped, other]) {
    await expect.poll(() => tab.evaluate(() => app.space.fingerprint())).toBe(fingerprint)
    expect(await tab.evaluate(() => app.faults.filter((fault) => fault !== 'report: storage-replaced'))).toEqual([])
  }
})

test('a page is frozen in the background: its worker syncs on, both ways', async ({ world, browserName }) => {
  needs(browserName, 'freezing')
  const { server, proxy } = world
  const device = await world.newProfileDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n1', 'before it was frozen'))
  await page.evaluate(() => app.space.reached('waiting'))
  const session = await device.context.newCDPSession(page)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  const before = server.exchanges.length
  proxy.setMode('up')
  // No event of the page can have woken it.
  await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  const elsewhere = await openApp(await world.newDevice(), { account: 'bob' })
  await elsewhere.evaluate(() => app.space.addNote('n2', 'elsewhere').then(() => app.space.upToDate()))
  await session.send('Page.setWebLifecycleState', { state: 'active' })
  await expect
    .poll(() => page.evaluate(() => app.space.notes()))
    .toEqual({ n1: 'before it was frozen', n2: 'elsewhere' })
})

declare global {
  // Set by the script above.
  var releaseTransaction: () => void
  var waitingWrite: Promise<unknown>
}
