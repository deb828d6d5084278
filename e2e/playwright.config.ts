import { defineConfig } from '@playwright/test'
import { findChromium } from '../scripts/browsers.mjs'

const executablePath = findChromium()
if (executablePath === undefined) throw new Error('No Chromium: run `node scripts/browsers.mjs`, or set CHROMIUM.')

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: '../test-results',
  forbidOnly: true,
  retries: 0,
  workers: 2,
  fullyParallel: false,
  reporter: [['list']],
  use: { trace: 'retain-on-failure', serviceWorkers: 'allow' },
  projects: [
    {
      name: 'chromium',
      use: {
        browserName: 'chromium',
        launchOptions: {
          executablePath,
          // Without these, the browser itself looks for hosts of its maker: noise at best, refused connections on a closed network.
          args: ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
        },
      },
    },
  ],
})
