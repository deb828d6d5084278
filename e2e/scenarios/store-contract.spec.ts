import { expect, test } from '../support/world.ts'

test('the store keeps all its promises in the IndexedDB of a real browser', async ({ world }) => {
  const device = await world.newProfileDevice()
  const page = await device.openPage('/contract.html')
  const { passed, failures } = await page.evaluate(() => runContract())
  expect(failures).toEqual([])
  expect(passed).toBeGreaterThan(40)
})
