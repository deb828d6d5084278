import { type Browser, chromium } from '@playwright/test'
import buildApp from '../../../e2e/support/build-app.ts'
import { launches } from '../../../e2e/support/browser-options.ts'

/** One Chromium for all rounds that want one, started when the first does; the app is built then, from what is in the workspace. */
export class Browsers {
  #browser: Browser | null = null

  async get(): Promise<Browser> {
    if (this.#browser !== null) return this.#browser
    await buildApp()
    const { executablePath, args } = launches.chromium
    this.#browser = await chromium.launch({ executablePath, args: [...args] })
    return this.#browser
  }

  async close(): Promise<void> {
    await this.#browser?.close()
  }
}
