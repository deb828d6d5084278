import { type BrowserContext, type Page, chromium } from 'playwright'
import { ensureChromium } from '../../scripts/browsers.mjs'

/** A browser on a profile of its own, as a person's: everything is on disk and outlives a restart. */
export interface Device {
  readonly page: Page
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
  // What the page complains of goes to stderr: stdout belongs to the result.
  page.on('pageerror', (error) => console.error(`  the page failed: ${error.message}`))
  page.setDefaultTimeout(0)
  return { page, close: () => context.close() }
}
