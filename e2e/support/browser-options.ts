import { findChromium } from '../../scripts/browsers.mjs'

/** The Chromium that all tests drive; '' if there is none yet: tools that only read the configuration must not fail for that. */
export const executablePath: string = findChromium() ?? ''

/** Without these, the browser itself looks for hosts of its maker: noise at best, refused connections on a closed network. */
export const browserArgs: readonly string[] = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** Lets the browser repeat a Background Sync after seconds instead of minutes: at 0, 3, 9 and 21 s. */
export const quickBackgroundSyncArgs: readonly string[] = [
  '--force-fieldtrials=BackgroundSync/G',
  '--force-fieldtrial-params=BackgroundSync.G:initial_retry_delay_sec/3/retry_delay_factor/2/max_sync_attempts/4/min_recovery_time_sec/1',
]
