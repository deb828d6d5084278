import { defineConfig } from '@playwright/test'
import { browserArgs, executablePath } from './support/browser-options.ts'

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: '../test-results',
  globalSetup: './support/build-app.ts',
  forbidOnly: true,
  retries: 0,
  workers: 2,
  fullyParallel: true,
  timeout: 45_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: { trace: 'off', serviceWorkers: 'allow' },
  projects: [
    {
      name: 'chromium',
      use: { browserName: 'chromium', launchOptions: { executablePath, args: [...browserArgs] } },
    },
  ],
})
