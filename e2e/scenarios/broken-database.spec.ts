import type { Page } from '@playwright/test'
import { openApp, openTab } from '../support/app.ts'
import { holdTransaction, nameDatabase, tamperWith } from '../support/database.ts'
import { expect, test } from '../support/world.ts'

/** Longest wait of a write for a database that does not answer: three attempts of 10 s, and what surrounds them. */
const MOST_MS = 60_000

/** Each write is on the server once, all tabs show what the server has, and no error went unheard but the report that is expected. */
async function expectConverged(
  server: {
    call(name: 'log', space: string): Promise<readonly { readonly id: string }[]>
    call(name: 'fingerprint', space: string): Promise<string>
  },
  tabs: readonly Page[],
  ids: readonly string[],
): Promise<void> {
  for (const tab of tabs) await tab.evaluate(() => app.space.upToDate())
  const log = await server.call('log', 'team')
  const written = log.map(({ id }) => id).filter((id) => !id.startsWith('p-'))
  expect(written.toSorted()).toEqual(ids.toSorted())
  const fingerprint = await server.call('fingerprint', 'team')
  for (const tab of tabs) {
    await expect.poll(() => tab.evaluate(() => app.space.fingerprint())).toBe(fingerprint)
    expect(await tab.evaluate(() => app.faults.filter((fault) => fault !== 'report: storage-replaced'))).toEqual([])
  }
}

test('the first row of the database is gone: a fresh one takes its place, unsent writes are saved, the app is told', async ({
  world,
}) => {
  const { server, proxy } = world
  const device = await world.newProfileDevice()
  const page = await openApp(device, { account: 'ada' })
  const other = await openTab(device, { account: 'ada' })
  await page.evaluate(() => app.space.addNote('n1', 'sent').then(() => app.space.upToDate()))
  const blank = await device.openPage('/blank')
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n2', 'unsent'))
  await page.evaluate(() => app.space.patchNote('n1', { text: 'changed' }))
  const name = await nameDatabase(page)
  await tamperWith(blank, name, 'meta', 'clear')
  await page.evaluate(() => app.space.addNote('n3', 'after the damage'))
  const recovery = await page.evaluate(() =>
    app.space
      .when(({ storage }) => storage.recovery?.isOldKept === false)
      .then(() => app.space.status().storage.recovery),
  )
  expect(recovery).toMatchObject({ cause: 'damaged', saved: 2, unreadable: 0, isOldKept: false })
  // Offline and without the partner's copy, what the user wrote is there.
  expect(await page.evaluate(() => app.space.notes())).toEqual({ n1: 'changed', n2: 'unsent', n3: 'after the damage' })
  expect(await page.evaluate(() => app.faults)).toEqual(['report: storage-replaced'])
  proxy.setMode('up')
  for (const tab of [page, other]) await tab.evaluate(() => app.space.retry())
  await expectConverged(server, [page, other], ['n1', 'n1', 'n2', 'n3'])
  expect(await other.evaluate(() => app.faults)).toEqual(['report: storage-replaced'])
  // A later start finds the fresh one, and nothing is reported again.
  await page.reload()
  await page.evaluate(() => app.open({ account: 'ada' }).then(() => app.space.upToDate()))
  expect(await page.evaluate(() => app.space.status().storage.recovery)).toEqual(recovery)
  expect(await page.evaluate(() => app.faults)).toEqual([])
})

test('a page of records does not parse: it is fetched anew, unsent writes are saved', async ({ world }) => {
  const { server, proxy } = world
  await server.call('fillPlaces', 'team', 2_000)
  const device = await world.newProfileDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  const blank = await device.openPage('/blank')
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n1', 'unsent'))
  await tamperWith(blank, await nameDatabase(page), 'packs', 'garble')
  await page.reload()
  // Nothing reads the page of records before somebody asks for one.
  await page.evaluate(() => app.open({ account: 'ada' }).then(() => app.space.countPlaces()))
  await page.evaluate(() => app.space.when(({ storage }) => storage.recovery !== null))
  proxy.setMode('up')
  await page.evaluate(() => app.space.retry())
  await expectConverged(server, [page], ['n1'])
  expect(await page.evaluate(() => app.space.countPlaces())).toBe(2_000)
  expect(await page.evaluate(() => app.space.status().storage.recovery)).toMatchObject({
    cause: 'damaged',
    saved: 1,
    unreadable: 0,
  })
})

test('a transaction of another context never ends: writes are stored and sent in bounded time, and what was behind it comes later', async ({
  world,
}) => {
  test.slow()
  const { server, proxy } = world
  const device = await world.newProfileDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.addNote('n1', 'sent').then(() => app.space.upToDate()))
  const blank = await device.openPage('/blank')
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n2', 'unsent'))
  await holdTransaction(blank, await nameDatabase(page))
  proxy.setMode('up')
  const startedAt = performance.now()
  await page.evaluate(async () => {
    const write = app.space.space.collections.notes.insert({ id: 'n3', text: 'beside it' })
    await write
    await write.accepted
  })
  expect(performance.now() - startedAt).toBeLessThan(MOST_MS)
  expect(await page.evaluate(() => app.space.status().storage.recovery)).toMatchObject({
    cause: 'no-answer',
    saved: 0,
    unreadable: null,
    isOldKept: true,
  })
  await blank.close()
  await page.evaluate(() => app.space.when(({ storage }) => storage.recovery?.isOldKept === false))
  expect(await page.evaluate(() => app.space.status().storage.recovery)).toMatchObject({ saved: 1, unreadable: 0 })
  await expectConverged(server, [page], ['n1', 'n2', 'n3'])
})
