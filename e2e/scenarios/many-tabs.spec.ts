import { openApp, openTab } from '../support/app.ts'
import { needs } from '../support/capabilities.ts'
import { nameDatabase } from '../support/database.ts'
import { expect, test } from '../support/world.ts'

const TABS = 10
const WRITES = 5

test('ten tabs on one space: all of them write, each write is accepted once, all show the same, one run at a time', async ({
  world,
}) => {
  const { server } = world
  const device = await world.newDevice()
  const tabs = [await openApp(device, { account: 'ada' })]
  while (tabs.length < TABS) tabs.push(await openTab(device, { account: 'ada' }))
  await Promise.all(
    tabs.map((tab, index) =>
      tab.evaluate(
        async ([name, count]) => {
          for (let write = 0; write < count; write += 1) await app.space.addNote(`${name}-${write}`, 'text')
        },
        [`t${index}`, WRITES] as const,
      ),
    ),
  )
  await Promise.all(tabs.map((tab) => tab.evaluate(() => app.space.upToDate())))
  const log = await server.call('log', 'team')
  expect(log).toHaveLength(TABS * WRITES)
  expect(new Set(log.map(({ id }) => id)).size).toBe(TABS * WRITES)
  expect(await server.call('mostAtOnce')).toBe(1)
  const fingerprint = await server.call('fingerprint', 'team')
  for (const tab of tabs) {
    await expect.poll(() => tab.evaluate(() => app.space.fingerprint())).toBe(fingerprint)
    expect(await tab.evaluate(() => app.faults)).toEqual([])
  }
})

test('a tab is frozen in the middle of a run: the others’ writes are accepted in bounded time, and the thawed one changes nothing', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'freezing')
  const { server, proxy } = world
  const device = await world.newDevice()
  const frozen = await openApp(device, { account: 'ada' })
  const other = await openTab(device, { account: 'ada' })
  for (const tab of [frozen, other]) await tab.evaluate(() => app.space.upToDate())

  // Its answer is on the way for ever: the tab holds the lock.
  proxy.setMode('drop-down')
  const before = server.exchanges.length
  await frozen.evaluate(() => app.space.addNote('n1', 'by the frozen tab'))
  await server.waitForExchange((event) => event.mutations.accepted === 1, before)
  const session = await device.context.newCDPSession(frozen)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  proxy.setMode('up')

  const startedAt = performance.now()
  await other.evaluate(async () => {
    const write = app.space.space.collections.notes.insert({ id: 'n2', text: 'by the other tab' })
    await write
    await write.accepted
  })
  expect(performance.now() - startedAt).toBeLessThan(MOST_MS)

  await session.send('Page.setWebLifecycleState', { state: 'active' })
  await frozen.evaluate(() => app.space.addNote('n3', 'thawed'))
  for (const tab of [frozen, other]) await tab.evaluate(() => app.space.upToDate())
  expect((await server.call('log', 'team')).map(({ id }) => id).toSorted()).toEqual(['n1', 'n2', 'n3'])
  const fingerprint = await server.call('fingerprint', 'team')
  for (const tab of [frozen, other]) {
    await expect.poll(() => tab.evaluate(() => app.space.fingerprint())).toBe(fingerprint)
    expect(await tab.evaluate(() => app.faults)).toEqual([])
  }
})

test('whoever holds the lock of the runs and does not answer loses it in bounded time, and the writes of the others are accepted', async ({
  world,
}) => {
  const { server } = world
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  const database = await nameDatabase(page)
  // A tab that holds it as a frozen one does: it never lets go, and hears nothing.
  const silent = await device.openPage('/blank')
  await silent.evaluate(
    (name) =>
      new Promise<void>((resolve) => {
        void navigator.locks
          .request(name, () => {
            resolve()
            return new Promise(() => undefined)
          })
          .catch(() => undefined)
      }),
    `web-sync:${database}`,
  )
  const startedAt = performance.now()
  await page.evaluate(async () => {
    const write = app.space.space.collections.notes.insert({ id: 'n1', text: 'text' })
    await write
    await write.accepted
  })
  const tookMs = performance.now() - startedAt
  expect(tookMs).toBeGreaterThan(LEAST_MS)
  expect(tookMs).toBeLessThan(MOST_MS)
  expect((await server.call('log', 'team')).map(({ id }) => id)).toEqual(['n1'])
})

/** A holder that works is not robbed at once. */
const LEAST_MS = 5_000

/** Longest wait of the others for a tab that has stopped. */
const MOST_MS = 30_000
