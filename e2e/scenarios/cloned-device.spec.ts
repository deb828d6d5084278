import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

const PLACES = 3_000

test('a cloned profile: both go on, no write is lost or doubled, nothing is downloaded again', async ({ world }) => {
  const { server, proxy } = world
  await server.call('fillPlaces', 'team', PLACES)
  const device = await world.newProfileDevice()
  const first = await openApp(device, { account: 'ada' })
  await first.evaluate(() => app.space.upToDate())
  await first.evaluate(() => app.space.addNote('before', 'before the copy').then(() => app.space.upToDate()))
  // A write that both copies have, and neither has sent.
  proxy.setMode('refuse')
  await first.evaluate(() => app.space.addNote('unsent', 'unsent in the copy'))
  await device.close()
  const clone = await device.clone(world.newProfile())
  world.adopt(clone)
  const before = server.exchanges.length
  const eventsBefore = server.events.length

  proxy.setMode('up')
  await device.start()
  const original = await device.openPage()
  await original.evaluate(() => app.open({ account: 'ada' }).then(() => app.space.upToDate()))
  await original.evaluate(() => app.space.addNote('o1', 'by the original').then(() => app.space.upToDate()))
  await clone.start()
  const copy = await clone.openPage()
  await copy.evaluate(() => app.open({ account: 'ada' }).then(() => app.space.upToDate()))
  await copy.evaluate(() => app.space.addNote('c1', 'by the copy').then(() => app.space.upToDate()))
  await original.evaluate(() => app.space.addNote('o2', 'by the original').then(() => app.space.upToDate()))

  const all = {
    before: 'before the copy',
    unsent: 'unsent in the copy',
    o1: 'by the original',
    o2: 'by the original',
    c1: 'by the copy',
  }
  for (const tab of [original, copy]) {
    await expect.poll(() => tab.evaluate(() => app.space.notes())).toEqual(all)
    await tab.evaluate(() => app.space.upToDate())
    expect(await tab.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
    expect(await tab.evaluate(() => app.space.status())).toMatchObject({ pending: 0, refused: 0, salvage: 0 })
  }
  const noteChanges = (await server.call('log', 'team')).filter((change) => change.collection === 'notes')
  expect(noteChanges.map((change) => change.id).toSorted()).toEqual(Object.keys(all).toSorted())
  // One of them was found to be a copy, and went on incrementally under a name of its own.
  const cases = server.exchanges.slice(before).map((exchange) => exchange.case)
  expect(cases.filter((name) => name === 'K3')).toHaveLength(1)
  expect(cases).not.toContain('K0')
  const mine = await original.evaluate(() => app.space.inspect())
  const theirs = await copy.evaluate(() => app.space.inspect())
  expect(mine.replicaId).not.toBe(theirs.replicaId)
  expect(mine.partnershipId).not.toBe(theirs.partnershipId)
  const sent = server.events.slice(eventsBefore).filter((event) => event.type === 'page')
  expect(sent.reduce((sum, page) => sum + page.changes, 0)).toBeLessThan(50)
})
