import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

test('the sign-in expires with a full outbox: it is kept, and accepted after signing in again', async ({ world }) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())

  proxy.setMode('refuse')
  await page.evaluate(async () => {
    for (const id of ['n1', 'n2', 'n3']) await app.space.addNote(id, `text of ${id}`)
  })
  await server.call('expireSignIns')
  proxy.setMode('up')
  const halted = await page.evaluate(() => app.space.reached('halted'))
  expect(halted).toMatchObject({ halt: 'sign-in', pending: 3, refused: 0 })
  expect(await server.call('records', 'team', 'notes')).toEqual([])
  // Local use goes on.
  await page.evaluate(() => app.space.addNote('n4', 'text of n4'))
  expect(Object.keys(await page.evaluate(() => app.space.notes()))).toEqual(['n1', 'n2', 'n3', 'n4'])

  await page.evaluate(() => app.signIn('ada'))
  await page.evaluate(() => app.space.retry())
  await page.evaluate(() => app.space.upToDate())
  expect(await page.evaluate(() => app.space.status())).toMatchObject({ halt: null, pending: 0, refused: 0 })
  expect((await server.call('log', 'team')).map((change) => change.id)).toEqual(['n1', 'n2', 'n3', 'n4'])
})

test('somebody else signs in on the device: nothing of the first one’s outbox is sent as the second', async ({
  world,
}) => {
  const { server, proxy } = world
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n1', 'by ada'))
  await device.context.addCookies([{ name: 'e2e', value: 'ben.1', url: proxy.origin }])
  proxy.setMode('up')
  const halted = await page.evaluate(() => app.space.reached('halted'))
  expect(halted).toMatchObject({ halt: 'account-mismatch', pending: 1 })

  // The second person's own space is another one, and has nothing of the first one's.
  const other = await device.openPage()
  await other.evaluate(() => app.open({ account: 'ben' }))
  await other.evaluate(() => app.space.upToDate())
  expect(await other.evaluate(() => app.space.notes())).toEqual({})
  expect(await server.call('log', 'team')).toEqual([])

  await page.evaluate(() => app.signIn('ada'))
  await page.evaluate(() => app.space.retry())
  await page.evaluate(() => app.space.upToDate())
  expect((await server.call('log', 'team')).map((change) => change.id)).toEqual(['n1'])
})

test('access is taken away: the records leave the device, unsent writes stay visible', async ({ world }) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.addNote('n1', 'accepted').then(() => app.space.upToDate()))
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n2', 'unsent'))
  await server.call('setAccess', 'ada', 'ended')
  proxy.setMode('up')
  // It must be said twice, in two runs.
  await page.evaluate(() => app.space.reached('waiting'))
  await page.evaluate(() => app.space.retry())
  const halted = await page.evaluate(() => app.space.reached('halted'))
  expect(halted).toMatchObject({ halt: 'access-ended', pending: 0 })
  expect(await page.evaluate(() => app.space.notes())).toEqual({})
  const refused = await page.evaluate(() => app.space.refused())
  expect(refused.flatMap((entry) => entry.ops.map((op) => [op.id, entry.code]))).toEqual([
    ['n1', 'access-ended'],
    ['n2', 'access-ended'],
  ])
})
