import { type BrowserContext, type Page, chromium } from 'playwright'
import { ensureChromium } from '../../scripts/browsers.mjs'

/** A browser on a profile of its own, as a person's: everything is on disk and outlives a restart. */
export interface Device {
  readonly page: Page
  /** Rejects with the first error that the page does not catch: whoever waits for the page would wait for ever. */
  readonly failed: Promise<never>
  close(): Promise<void>
}

/** Without these, the browser itself looks for hosts of its maker while we measure. */
const ARGS = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']

/** Starts the browser on a profile, new or used. */
export async function openDevice(profile: string): Promise<Device> {
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: await ensureChromium(),
    args: ARGS,
  })
  const page = context.pages()[0] ?? (await context.newPage())
  const failed = new Promise<never>((_, reject) => {
    page.once('pageerror', (error) => reject(new Error(`the page failed: ${error.message}`)))
    page.once('crash', () => reject(new Error('the page crashed')))
  })
  // It is heard only while somebody waits.
  failed.catch(() => undefined)
  page.setDefaultTimeout(0)
  return { page, failed, close: () => context.close() }
}
