import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

test('the partner speaks another version of the protocol: a clear word, nothing is lost, and the update ends it', async ({
  world,
}) => {
  const { server } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  for (const version of [0, 2]) {
    await server.call('setForeignVersion', version)
    await page.evaluate((id) => app.space.addNote(id, 'unsent'), `n${version}`)
    const halted = await page.evaluate(() => app.space.reached('halted'))
    expect(halted).toMatchObject({ halt: 'update', pending: 1 })
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
  await server.deploy('grown')

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
