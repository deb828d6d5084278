import type { Locator, Page } from '@playwright/test'
import { expect, test } from '../support/demo.ts'

test.use({ places: 1_500 })
test.describe.configure({ mode: 'serial' })

test('a note is written offline by keyboard alone, survives a reload, and reaches a colleague', async ({ demo }) => {
  const ada = await demo.open('Ada')
  const ben = await demo.open('Ben')
  const rows = ada.getByTestId('place-list').getByRole('button')
  await expect(ada.getByRole('status', { name: 'Sync' })).toHaveText('In step')
  await ada.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  const name = await rows.first().locator('.name').innerText()

  demo.proxy.setMode('refuse')
  // Firefox lets the keyboard press no button of a window behind another one.
  await ada.bringToFront()
  await ada.keyboard.press('/')
  await ada.keyboard.type(name.toLowerCase())
  // Only the place that was looked for is left: a list that changes once more would take the focus away.
  await expect(rows).toHaveCount(1)
  await expect(rows.first()).toContainText(name)
  await tabTo(ada, rows.first())
  await ada.keyboard.press('Enter')
  await expect(ada.getByRole('heading', { name })).toBeVisible()
  await tabTo(ada, ada.getByLabel('New note'))
  await ada.keyboard.type('The ferry runs again.')
  await ada.keyboard.press('Control+Enter')
  const note = ada.locator('.note', { hasText: 'The ferry runs again.' })
  await expect(note.getByTestId('stage')).toHaveText('on this device')

  await ada.reload()
  await expect(ada.getByText('The ferry runs again.').first()).toBeVisible()
  demo.proxy.setMode('up')
  // As the browser says when it has found a network.
  for (const page of [ada, ben]) await page.evaluate(() => void dispatchEvent(new Event('online')))
  await expect(ben.getByText('The ferry runs again.').first()).toBeVisible()
})

test('the server is set back: «Under the hood» shows that the key rolled back, and the note is still there', async ({
  demo,
}) => {
  const ada = await demo.open('Ada')
  await expect(ada.getByTestId('place-list').getByRole('button').first()).toBeVisible()
  await ada.getByTestId('place-list').getByRole('button').first().click()
  for (const text of ['The first thing.', 'The second thing.', 'The third thing.']) {
    await ada.getByLabel('New note').fill(text)
    await ada.getByRole('button', { name: 'Save note' }).click()
    await expect(ada.locator('.note', { hasText: text }).getByTestId('stage')).toHaveText('accepted')
  }
  const restored = await ada.evaluate(async () => {
    const response = await fetch('/demo/trouble/restore', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ago: 2 }),
    })
    return response.status
  })
  expect(restored).toBe(200)
  await ada.getByLabel('New note').fill('The fourth thing.')
  await ada.getByRole('button', { name: 'Save note' }).click()
  for (const text of ['The first thing.', 'The second thing.', 'The third thing.', 'The fourth thing.']) {
    await expect(ada.locator('.note', { hasText: text }).getByTestId('stage')).toHaveText('accepted')
  }
  await ada.getByRole('button', { name: 'Under the hood' }).click()
  await ada.getByText(/Exchanges as this device saw them/).click()
  await expect(ada.getByTestId('exchanges')).toContainText(/rollback to \d+/)

  // A colleague who comes new finds all of it.
  const ben = await demo.open('Ben')
  for (const text of ['The first thing.', 'The second thing.', 'The third thing.', 'The fourth thing.']) {
    await expect(ben.getByText(text).first()).toBeVisible()
  }
})

/** Moves on by the keyboard until the element has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  await expect(target).toBeFocused()
}
