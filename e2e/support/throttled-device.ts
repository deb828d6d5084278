import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type BrowserContext, chromium, firefox, type Page } from '@playwright/test'
import { launches } from './browser-options.ts'
import type { Device, ProfileOptions } from './device.ts'

/** What a timer of a hidden page waits at least in Firefox; the default is a second. */
const HIDDEN_TIMER_MS = 60_000

/** A device whose browser hides tabs, and throttles what is hidden, as on a person's device. */
export interface ThrottledDevice extends Device {
  /** Opens a tab in the same window as `page`, in front of it: `page` is hidden then. */
  openInFrontOf(page: Page, path: string): Promise<Page>
}

/**
 * Starts a browser that gives the timers of a hidden page one turn a minute: Chromium by its own rule for pages that have been hidden for
 * long, which begins at once here; Firefox by a preference. Playwright switches all of that off, and lets every page seem to be visible.
 */
export async function openThrottledDevice(options: ProfileOptions): Promise<ThrottledDevice> {
  const { context, close } = await { chromium: startChromium, firefox: startFirefox }[options.engine](options.profile)
  const goTo = async (page: Page, path: string): Promise<Page> => {
    await page.goto(new URL(path, options.origin).href)
    return page
  }
  return {
    context,
    openPage: async (path = '/') => goTo(await context.newPage(), path),
    openInFrontOf: async (page, path) => {
      const opened = context.waitForEvent('page')
      // A new page of the driver's may get a window of its own, which hides nothing.
      await page.evaluate(() => void window.open('about:blank', '_blank', 'noopener'))
      const front = await opened
      await front.bringToFront()
      return goTo(front, path)
    },
    close,
  }
}

interface Started {
  readonly context: BrowserContext
  readonly close: () => Promise<void>
}

async function startFirefox(profile: string): Promise<Started> {
  const context = await firefox.launchPersistentContext(profile, {
    ...launches.firefox,
    args: [...launches.firefox.args],
    firefoxUserPrefs: {
      ...launches.firefox.firefoxUserPrefs,
      'dom.min_background_timeout_value': HIDDEN_TIMER_MS,
      'dom.min_background_timeout_value_without_budget_throttling': HIDDEN_TIMER_MS,
    },
  })
  return { context, close: () => context.close() }
}

/** Not by Playwright, which would hold each page visible (`Emulation.setFocusEmulationEnabled`, in a session that nobody else can undo). */
async function startChromium(profile: string): Promise<Started> {
  const { executablePath, args } = launches.chromium
  const own = ['--headless', '--no-sandbox', '--disable-popup-blocking', '--remote-debugging-port=0']
  const throttling = '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1'
  const started = spawn(executablePath, [...own, ...args, throttling, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(started, 'exit')
  const kill = (): void => void started.kill('SIGKILL')
  process.once('exit', kill)
  const browser = await chromium.connectOverCDP(await readAddress(started.stderr), { noDefaults: true })
  const [context] = browser.contexts()
  if (context === undefined) throw new Error('the browser has no profile')
  return {
    context,
    close: async () => {
      const session = await browser.newBrowserCDPSession()
      // The connection may end before the answer comes.
      session.send('Browser.close').catch(() => undefined)
      await ended
      process.removeListener('exit', kill)
    },
  }
}

/** Where the browser is driven from; it says so when it is ready. */
async function readAddress(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(output)) {
    const [, address] = /^DevTools listening on (ws:\S+)/.exec(line) ?? []
    if (address === undefined) continue
    // What it says later is for nobody, but it must not wait for a reader.
    output.resume()
    return address
  }
  throw new Error('the browser did not start')
}
