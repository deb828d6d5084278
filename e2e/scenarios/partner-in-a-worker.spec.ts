import { expect, test } from '../support/world.ts'

test('two browsers’ modules sync with each other through a partner in a worker: keys are sent and received without a server', async ({
  world,
}) => {
  const { server } = world
  const device = await world.newDevice()
  const [first, second] = await Promise.all([device.openPage('/partner.html'), device.openPage('/partner.html')])
  await first.evaluate(() => partnerPage.open('ada'))
  await second.evaluate(() => partnerPage.open('ben'))
  await first.evaluate(() => partnerPage.space.addNote('n1', 'by ada').then(() => partnerPage.space.upToDate()))
  await second.evaluate(() => partnerPage.space.addNote('n2', 'by ben').then(() => partnerPage.space.upToDate()))
  for (const page of [first, second]) {
    await page.evaluate(() => partnerPage.space.retry())
    await expect.poll(() => page.evaluate(() => partnerPage.space.notes())).toEqual({ n1: 'by ada', n2: 'by ben' })
    expect(await page.evaluate(() => partnerPage.space.keyNumber())).toBeGreaterThan(1)
  }
  expect(await first.evaluate(() => partnerPage.space.fingerprint())).toBe(
    await second.evaluate(() => partnerPage.space.fingerprint()),
  )
  // The server was not asked at all.
  expect(server.exchanges).toEqual([])
})
