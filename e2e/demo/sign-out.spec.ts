import { dumpStorage } from '../support/dump-storage.ts'
import { expect, test } from '../support/demo.ts'

test.use({ places: 1_500 })

test('who signs out chooses what becomes of the data: to send, then remove leaves nothing, and loses nothing', async ({
  demo,
}) => {
  const ada = await demo.open('Ada')
  // While places arrive, rows move in the list: Firefox makes no click of a press and a release with a move between them.
  await expect(ada.getByRole('status', { name: 'Sync' })).toHaveText('In step')
  await ada.getByTestId('place-list').getByRole('button').first().click()
  demo.proxy.setMode('refuse')
  await ada.getByLabel('New note').fill('The last thing of the day.')
  await ada.getByRole('button', { name: 'Save note' }).click()
  await expect(ada.locator('.note').first().getByTestId('stage')).toHaveText('on this device')
  await ada.getByRole('button', { name: 'Sign out' }).click()
  await expect(ada.getByText('1 of your writes are not on the server.', { exact: false })).toBeVisible()

  demo.proxy.setMode('up')
  await ada.getByRole('button', { name: 'Send, then remove' }).click()
  await expect(ada.getByRole('heading', { name: 'Who is in the field today?' })).toBeVisible()
  // At once, or when the service worker is done: opening a database also creates and deletes a
  // spare one (docs/decisions/0015).
  await expect.poll(async () => (await dumpStorage(ada)).databases).toEqual({ 'web-sync-registry': '[[]]' })

  const ben = await demo.open('Ben')
  await expect(ben.getByText('The last thing of the day.').first()).toBeVisible()
})

test('a violation of the demo’s policy is seen', async ({ demo }) => {
  const ada = await demo.open('Ada')
  expect(await demo.takeViolations()).toEqual([])
  await ada.evaluate(() => fetch('http://other.invalid/').catch(() => undefined))
  // The browser's report, the event, and the console: each goes its own way.
  const ways = [
    /blocked-uri":"http:\/\/other/,
    /policy: connect-src http:\/\/other/,
    /other\.invalid\S* (because it )?violates/,
  ]
  let seen = ''
  const missing = async (): Promise<readonly RegExp[]> => {
    seen += (await demo.takeViolations()).join('\n')
    return ways.filter((way) => !way.test(seen))
  }
  await expect.poll(missing).toEqual([])
})
