import type { Page } from '@playwright/test'
import type { Device } from './device.ts'

/** Who opens the app. */
export interface AppOptions {
  readonly account: string
  /** Default: `team`. */
  readonly space?: string
  /** Tokens prove who asks, not the cookie. Default: false. */
  readonly byToken?: boolean
}

/** Opens the test app on a device: signs in, registers the service worker, opens the space. Does not wait for the first sync. */
export async function openApp(device: Device, options: AppOptions): Promise<Page> {
  const page = await device.openPage()
  await page.evaluate((account) => app.signIn(account), options.account)
  await page.evaluate(() => app.register())
  await page.evaluate((from) => app.open(from), options)
  return page
}

/** Opens one more tab on a device that is signed in. */
export async function openTab(device: Device, options: AppOptions): Promise<Page> {
  const page = await device.openPage()
  await page.evaluate((from) => app.open(from), options)
  return page
}
