import { defineConfig, type PlaywrightWorkerOptions } from '@playwright/test'
import { type BrowserLaunch, launches } from './support/browser-options.ts'

/** Playwright's options for the browser that a project's tests share. */
function toUse(launch: BrowserLaunch): Pick<PlaywrightWorkerOptions, 'launchOptions'> & { channel?: string } {
  const { channel, executablePath, args, firefoxUserPrefs = {} } = launch
  return {
    ...(channel === undefined ? {} : { channel }),
    launchOptions: { executablePath, args: [...args], firefoxUserPrefs: { ...firefoxUserPrefs } },
  }
}

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: '../test-results',
  globalSetup: ['./support/build-app.ts', './support/postgres-cluster.ts'],
  forbidOnly: true,
  retries: 0,
  workers: 2,
  fullyParallel: true,
  // Limits of last resort, no budgets: a browser that is started three times on a busy machine
  // takes a while.
  timeout: 180_000,
  expect: { timeout: 15_000 },
  // In this order what failed, and why, is printed last.
  reporter: [['./support/engine-table.ts'], ['list']],
  use: { trace: 'off', serviceWorkers: 'allow' },
  projects: [
    {
      name: 'chromium',
      testIgnore: 'webkit/**',
      // What is about the other one's own files.
      grepInvert: /@firefox/,
      use: { browserName: 'chromium', ...toUse(launches.chromium) },
    },
    {
      name: 'firefox',
      testIgnore: 'webkit/**',
      grepInvert: /@chromium/,
      use: { browserName: 'firefox', ...toUse(launches.firefox) },
    },
    // Driven by its own driver, and there on Linux only; see webkit/.
    ...(process.platform === 'linux' ? [{ name: 'webkitgtk', testMatch: 'webkit/**/*.spec.ts' }] : []),
  ],
})
