import { expect, test } from './webkit-world.ts'

const PLACES = 5_000

test('first sync, a write offline, a reload, and the network again', async ({ webkitWorld }) => {
  const { server, proxy, browser, openApp } = webkitWorld
  await server.call('fillPlaces', 'team', PLACES)
  await openApp('ada')
  await browser.evaluate(() => app.space.upToDate())
  expect(await browser.evaluate(() => app.space.countPlaces())).toBe(PLACES)

  proxy.setMode('refuse')
  await browser.evaluate(() => app.space.addNote('n1', 'written offline').then(() => undefined))
  await browser.reload()
  await browser.evaluate(() => app.open({ account: 'ada' }))
  expect(await browser.evaluate(() => app.space.notes())).toEqual({ n1: 'written offline' })
  expect(await browser.evaluate(() => app.space.status().pending)).toBe(1)

  proxy.setMode('up')
  await browser.evaluate(() => {
    app.space.retry()
    return app.space.upToDate()
  })
  const log = await server.call('log', 'team')
  expect(log.filter(({ collection }) => collection === 'notes').map(({ id }) => id)).toEqual(['n1'])
  expect(await browser.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
  expect(await browser.evaluate(() => app.faults)).toEqual([])
})

test('two windows of one browser show the same, and both writes arrive once', async ({ webkitWorld }) => {
  const { server, proxy, browser, openApp } = webkitWorld
  await openApp('ada')
  await browser.evaluate(() => app.space.upToDate())
  const first = await browser.currentWindow()
  const second = await browser.openWindow()
  await browser.goto(proxy.origin)
  await browser.evaluate(() => app.open({ account: 'ada' }))
  await browser.evaluate(() => app.space.addNote('n2', 'second window').then(() => app.space.upToDate()))
  await browser.useWindow(first)
  await browser.evaluate(() => app.space.addNote('n1', 'first window').then(() => app.space.upToDate()))
  const both = { n1: 'first window', n2: 'second window' }
  for (const window of [first, second]) {
    await browser.useWindow(window)
    await expect.poll(() => browser.evaluate(() => app.space.notes())).toEqual(both)
  }
  expect((await server.call('log', 'team')).map(({ id }) => id).toSorted()).toEqual(['n1', 'n2'])
})

test('the server is set back: the key rolls back, the write is replayed', async ({ webkitWorld }) => {
  const { server, proxy, browser, openApp } = webkitWorld
  await openApp('ada')
  await browser.evaluate(() => app.space.addNote('old', 'in the backup').then(() => app.space.upToDate()))
  await server.backUp('before')
  await browser.evaluate(() => app.space.addNote('new', 'after it').then(() => app.space.upToDate()))
  const before = await browser.evaluate(() => app.space.keyNumber())
  proxy.setMode('refuse')
  await server.restore('before')
  await server.call('transact', 'team', [{ op: 'insert', collection: 'notes', value: { id: 'other', text: 'new' } }])
  proxy.setMode('up')
  await browser.evaluate(() => app.space.retry())
  await expect
    .poll(() => browser.evaluate(() => app.space.notes()))
    .toEqual({ old: 'in the backup', new: 'after it', other: 'new' })
  await browser.evaluate(() => app.space.upToDate())
  const exchanges = await browser.evaluate(() => app.space.exchanges())
  const rollback = exchanges.find(({ result }) => result.startsWith('rollback to'))
  expect(rollback?.to).toBeLessThan(before)
  expect((await server.call('log', 'team')).map(({ id }) => id).toSorted()).toEqual(['new', 'old', 'other'])
})
