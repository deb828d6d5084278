import { expect, test } from '@playwright/test'

test('the browser of these tests has what a client needs', async ({ page, browserName }) => {
  await page.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }))
  await page.goto('http://localhost/')
  const capabilities = await page.evaluate(() => ({
    isSecure: isSecureContext,
    hasIndexedDb: 'indexedDB' in globalThis,
    hasLocks: 'locks' in navigator,
    hasServiceWorker: 'serviceWorker' in navigator,
    hasBackgroundSync: 'SyncManager' in globalThis,
  }))
  expect(capabilities).toEqual({
    isSecure: true,
    hasIndexedDb: true,
    hasLocks: true,
    hasServiceWorker: true,
    hasBackgroundSync: browserName === 'chromium',
  })
})
