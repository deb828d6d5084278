import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium } from '@playwright/test'
import buildApp, { siteFolder } from '../../../e2e/support/build-app.ts'
import { launches } from '../../../e2e/support/browser-options.ts'

/** One Chromium for all rounds that want one, started when the first does; the app is built then if it is not there. */
export class Browsers {
  #browser: Browser | null = null

  async get(): Promise<Browser> {
    if (this.#browser !== null) return this.#browser
    if (!existsSync(join(siteFolder, 'index.html'))) await buildApp()
    const { executablePath, args } = launches.chromium
    this.#browser = await chromium.launch({ executablePath, args: [...args] })
    return this.#browser
  }

  async close(): Promise<void> {
    await this.#browser?.close()
  }
}
