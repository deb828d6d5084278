import { findChromium, findFirefox, isPlaywrightsFirefox } from '../../scripts/browsers.mjs'

/** The engines that Playwright drives here. WebKitGTK has a lane of its own: webkit/. */
export type Engine = 'chromium' | 'firefox'

/** How Playwright starts a browser. */
export interface BrowserLaunch {
  /** '' if there is no such browser yet: tools that only read the configuration must not fail for that. */
  readonly executablePath: string
  /** A stock Firefox is driven by WebDriver BiDi, which Playwright calls a channel. */
  readonly channel?: 'moz-firefox'
  readonly args: readonly string[]
  readonly firefoxUserPrefs?: Readonly<Record<string, string | number | boolean>>
}

/** The engine of one of Playwright's projects. */
export function engineOf(browserName: string): Engine {
  if (browserName === 'chromium' || browserName === 'firefox') return browserName
  throw new Error(`no device with ${browserName} here`)
}

const firefoxPath: string = findFirefox() ?? ''

/** By engine: the browser that all tests drive. */
export const launches: Readonly<Record<Engine, BrowserLaunch>> = {
  chromium: {
    executablePath: findChromium() ?? '',
    // Without these, the browser itself looks for hosts of its maker: noise at best, refused connections on a closed network.
    args: ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  },
  firefox: {
    executablePath: firefoxPath,
    ...(isPlaywrightsFirefox(firefoxPath) ? {} : { channel: 'moz-firefox' }),
    args: [],
    // It would ask for the site's icon by itself, and report that the page's policy forbids that.
    firefoxUserPrefs: { 'browser.chrome.site_icons': false },
  },
}

/** Lets Chromium repeat a Background Sync after seconds instead of minutes: at 0, 3, 9 and 21 s. */
export const quickBackgroundSyncArgs: readonly string[] = [
  '--force-fieldtrials=BackgroundSync/G',
  '--force-fieldtrial-params=BackgroundSync.G:initial_retry_delay_sec/3/retry_delay_factor/2/max_sync_attempts/4/min_recovery_time_sec/1',
]
