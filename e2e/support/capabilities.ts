import { test } from '@playwright/test'

/**
 * What a scenario may need of a browser and its driver beyond the platform itself, and why Firefox has not got it. Nothing else is a
 * reason to leave a scenario out.
 */
const LACKS_IN_FIREFOX = {
  'background sync': 'Firefox has no Background Sync',
  'service-worker handle':
    'Firefox’s driver gives no handle on service workers: none can be stopped, nor sent an event',
  'renderer kill': 'Firefox’s driver cannot end a single renderer',
  freezing: 'Firefox’s driver cannot freeze a page',
} as const

/** Leaves the scenario out, with the reason, where the browser has not got what it needs. Call it first. */
export function needs(browserName: string, capability: keyof typeof LACKS_IN_FIREFOX): void {
  test.skip(browserName === 'firefox', LACKS_IN_FIREFOX[capability])
}
