import { openApp, openTab } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

test('two tabs and two devices converge', async ({ world }) => {
  const { server } = world
  const laptop = await world.newDevice()
  const phone = await world.newDevice()
  const first = await openApp(laptop, { account: 'ada' })
  const second = await openTab(laptop, { account: 'ada' })
  const other = await openApp(phone, { account: 'ben' })
  const pages = [first, second, other]
  await Promise.all(pages.map((page) => page.evaluate(() => app.space.upToDate())))

  await first.evaluate(() => app.space.addNote('n1', 'from the first tab'))
  // The other tab of the device sees it without the network.
  await expect.poll(() => second.evaluate(() => app.space.notes())).toEqual({ n1: 'from the first tab' })
  await Promise.all([
    second.evaluate(() => app.space.addNote('n2', 'from the second tab')),
    other.evaluate(() => app.space.addNote('n3', 'from the phone')),
  ])
  const all = { n1: 'from the first tab', n2: 'from the second tab', n3: 'from the phone' }
  for (const page of pages) await expect.poll(() => page.evaluate(() => app.space.notes())).toEqual(all)

  await Promise.all(pages.map((page) => page.evaluate(() => app.space.upToDate())))
  const fingerprint = await server.call('fingerprint', 'team')
  for (const page of pages) expect(await page.evaluate(() => app.space.fingerprint())).toBe(fingerprint)
  expect(await server.call('log', 'team')).toHaveLength(3)
})

test('two devices edit different fields of one note offline: both edits are in it', async ({ world }) => {
  const { server, proxy } = world
  const first = await openApp(await world.newDevice(), { account: 'ada' })
  const second = await openApp(await world.newDevice(), { account: 'ben' })
  await first.evaluate(() => app.space.addNote('n1', 'text'))
  await expect.poll(() => second.evaluate(() => app.space.notes())).toEqual({ n1: 'text' })

  proxy.setMode('refuse')
  await first.evaluate(() => app.space.patchNote('n1', { text: 'edited by ada' }))
  await second.evaluate(() => app.space.patchNote('n1', { done: true }))
  proxy.setMode('up')
  for (const page of [first, second]) {
    await page.evaluate(() => app.space.upToDate())
    await expect
      .poll(() => page.evaluate(() => app.space.note('n1')))
      .toEqual({ id: 'n1', text: 'edited by ada', done: true })
  }
  const [record] = await server.call('records', 'team', 'notes')
  expect(record?.value).toEqual({ id: 'n1', text: 'edited by ada', done: true })
})

test('two spaces are open at once and know nothing of each other', async ({ world }) => {
  const { server } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.open({ account: 'ada', space: 'other' }))
  await page.evaluate(async () => {
    await app.spaces['team']?.addNote('n1', 'for the team')
    await app.spaces['other']?.addNote('n1', 'for the others')
    await Promise.all(Object.values(app.spaces).map((space) => space.upToDate()))
  })
  expect(await page.evaluate(() => app.spaces['team']?.notes())).toEqual({ n1: 'for the team' })
  expect(await page.evaluate(() => app.spaces['other']?.notes())).toEqual({ n1: 'for the others' })
  for (const [space, text] of [
    ['team', 'for the team'],
    ['other', 'for the others'],
  ] as const) {
    const records = await server.call('records', space, 'notes')
    expect(records.map((record) => record.value)).toEqual([{ id: 'n1', text }])
  }

  // Removing one leaves the other.
  await page.evaluate(() => app.spaces['other']?.wipe())
  expect(await page.evaluate(() => app.spaces['team']?.notes())).toEqual({ n1: 'for the team' })
  const databases = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))
  await page.reload()
  await page.evaluate(() => app.open({ account: 'ada' }))
  expect(await page.evaluate(() => app.space.notes())).toEqual({ n1: 'for the team' })
  expect(databases.length).toBeGreaterThan(0)
})
