import { openApp } from '../support/app.ts'
import type { Page } from '@playwright/test'
import { expect, test } from '../support/world.ts'

test('writes made offline survive a reload and a killed browser, and are accepted exactly once when the network is back', async ({
  world,
}) => {
  const { server, proxy } = world
  const device = await world.newProfileDevice()
  let page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  const before = server.exchanges.length

  proxy.setMode('refuse')
  await page.evaluate(async () => {
    await app.space.addNote('n1', 'first')
    await app.space.addNote('n2', 'second')
    await app.space.patchNote('n1', { text: 'first, edited' })
    await app.space.addNote('n3', 'third')
    await app.space.deleteNote('n3')
  })
  await page.reload()
  await page.evaluate(() => app.open({ account: 'ada' }))
  expect(await page.evaluate(() => app.space.notes())).toEqual({ n1: 'first, edited', n2: 'second' })

  await device.kill()
  await device.start()
  page = await device.openPage()
  await page.evaluate(() => app.open({ account: 'ada' }))
  expect(await page.evaluate(() => app.space.notes())).toEqual({ n1: 'first, edited', n2: 'second' })
  expect(await page.evaluate(() => app.space.status())).toMatchObject({ pending: 5 })
  expect(server.exchanges).toHaveLength(before)

  proxy.setMode('up')
  await signInAgain(page)
  await page.evaluate(() => app.space.upToDate())
  expect(await page.evaluate(() => app.space.status())).toMatchObject({ pending: 0, refused: 0 })
  const log = await server.call('log', 'team')
  expect(log.map((change) => [change.id, change.isDelete])).toEqual([
    ['n1', false],
    ['n2', false],
    ['n1', false],
    ['n3', false],
    ['n3', true],
  ])
  expect(new Set(log.map((change) => change.mutationId)).size).toBe(5)
  const records = await server.call('records', 'team', 'notes')
  expect(records.map((record) => [record.id, record.value['text']])).toEqual([
    ['n1', 'first, edited'],
    ['n2', 'second'],
  ])
})

test('a write that was stored a moment before the browser was killed is there', async ({ world }) => {
  const { server, proxy } = world
  const device = await world.newProfileDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n1', 'just in time'))
  await device.kill()

  proxy.setMode('up')
  await device.start()
  const again = await device.openPage()
  await again.evaluate(() => app.open({ account: 'ada' }))
  await signInAgain(again)
  await again.evaluate(() => app.space.upToDate())
  const log = await server.call('log', 'team')
  expect(log.map((change) => change.id)).toEqual(['n1'])
})

/** A browser writes cookies to disk every half minute: one that was killed earlier has forgotten who is signed in. */
async function signInAgain(page: Page): Promise<void> {
  await page.evaluate(() => app.signIn('ada'))
  await page.evaluate(() => app.space.retry())
}
