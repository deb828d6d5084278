import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

test('the server is restored to a backup taken before accepted writes: the key rolls back, the writes are replayed, a colleague’s data is intact', async ({
  world,
}) => {
  const { server, proxy } = world
  const ada = await openApp(await world.newDevice(), { account: 'ada' })
  const ben = await openApp(await world.newDevice(), { account: 'ben' })
  const pages = [ada, ben]
  await ada.evaluate(() => app.space.addNote('old', 'in the backup').then(() => app.space.upToDate()))
  await expect.poll(() => ben.evaluate(() => app.space.notes())).toHaveProperty('old')
  await Promise.all(pages.map((page) => page.evaluate(() => app.space.upToDate())))
  await server.backUp('before')

  await ada.evaluate(async () => {
    await app.space.addNote('a1', 'accepted, then lost by the server')
    await app.space.patchNote('old', { text: 'edited after the backup' })
    await app.space.upToDate()
  })
  await ben.evaluate(() => app.space.addNote('b1', 'by a colleague').then(() => app.space.upToDate()))
  const all = { old: 'edited after the backup', a1: 'accepted, then lost by the server', b1: 'by a colleague' }
  for (const page of pages) await expect.poll(() => page.evaluate(() => app.space.notes())).toEqual(all)
  await Promise.all(pages.map((page) => page.evaluate(() => app.space.upToDate())))
  const keyBefore = await ada.evaluate(() => app.space.keyNumber())

  proxy.setMode('refuse')
  await server.restore('before')
  expect(await server.call('records', 'team', 'notes')).toHaveLength(1)
  // The restored server has gone on: more than what was lost, so its numbers are ahead of what the devices know.
  for (const id of ['c1', 'c2', 'c3', 'c4']) {
    await server.call('transact', 'team', [{ op: 'insert', collection: 'notes', value: { id, text: 'new history' } }])
  }
  proxy.setMode('up')

  const expected = { ...all, c1: 'new history', c2: 'new history', c3: 'new history', c4: 'new history' }
  // Each needs what the other one has lost, and one that was refused may wait long by itself.
  for (const page of pages) await page.evaluate(() => app.space.retry())
  for (const page of pages) await expect.poll(() => page.evaluate(() => app.space.notes())).toEqual(expected)
  await Promise.all(pages.map((page) => page.evaluate(() => app.space.upToDate())))

  const records = await server.call('records', 'team', 'notes')
  expect(Object.fromEntries(records.map((record) => [record.id, record.value['text']]))).toEqual(expected)
  const fingerprint = await server.call('fingerprint', 'team')
  for (const page of pages) {
    expect(await page.evaluate(() => app.space.fingerprint())).toBe(fingerprint)
    expect(await page.evaluate(() => app.space.status())).toMatchObject({ pending: 0, refused: 0, salvage: 0 })
  }
  // Each lost write was applied again exactly once.
  const log = await server.call('log', 'team')
  expect(log.map((change) => change.id).toSorted()).toEqual(['a1', 'b1', 'c1', 'c2', 'c3', 'c4', 'old', 'old'])
  // The log of exchanges tells what happened: the key went back.
  const resets = await ada.evaluate(() => app.space.exchanges())
  const rollback = resets.find((entry) => entry.result.startsWith('rollback to'))
  expect(rollback).toBeDefined()
  expect(rollback?.to).toBeLessThan(keyBefore)
  expect(server.exchanges.some((exchange) => exchange.case === 'K5' && exchange.problem === 'invalid-key')).toBe(true)
  // Nobody had to begin again.
  expect(resets.some((entry) => entry.result.startsWith('resync'))).toBe(false)
})

test('the server is wiped: the journal’s writes are back after one exchange, the rest is in salvage, one restore brings it back', async ({
  world,
}) => {
  const { server } = world
  const ada = await openApp(await world.newDevice(), { account: 'ada' })
  await ada.evaluate(() => app.space.addNote('mine', 'by ada').then(() => app.space.upToDate()))
  await server.call('transact', 'team', [
    { op: 'insert', collection: 'notes', value: { id: 'theirs', text: 'by a colleague' } },
  ])
  const both = { mine: 'by ada', theirs: 'by a colleague' }
  await ada.evaluate(() => app.space.retry())
  await expect.poll(() => ada.evaluate(() => app.space.notes())).toEqual(both)
  await ada.evaluate(() => app.space.upToDate())

  await server.wipe()
  await ada.evaluate(() => app.space.retry())
  await expect
    .poll(async () => (await server.call('records', 'team', 'notes')).map((record) => record.id))
    .toEqual(['mine'])
  await expect.poll(() => ada.evaluate(() => app.space.status())).toMatchObject({ pending: 0, salvage: 1 })
  expect(await ada.evaluate(() => app.space.salvage())).toMatchObject([
    { collection: 'notes', id: 'theirs', value: { id: 'theirs', text: 'by a colleague' } },
  ])

  expect(await ada.evaluate(() => app.space.restoreSalvage())).toBe(1)
  await ada.evaluate(() => app.space.upToDate())
  const records = await server.call('records', 'team', 'notes')
  expect(Object.fromEntries(records.map((record) => [record.id, record.value['text']]))).toEqual(both)
  expect(await ada.evaluate(() => app.space.notes())).toEqual(both)
  expect(await ada.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})
