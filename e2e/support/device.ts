import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from '@playwright/test'
import { browserArgs, executablePath } from './browser-options.ts'

/** What a device with a profile on disk is started with. */
export interface ProfileOptions {
  readonly profile: string
  /** Where the app is. */
  readonly origin: string
  /** More switches for the browser. */
  readonly args?: readonly string[]
}

/** A browser on somebody's device. */
export interface Device {
  readonly context: BrowserContext
  /** Opens a tab. Default: the test app. */
  openPage(path?: string): Promise<Page>
  close(): Promise<void>
}

/** A device that remembers nothing when it is closed: quick, and enough where nothing must survive. */
export async function openDevice(browser: Browser, origin: string): Promise<Device> {
  const context = await browser.newContext({ baseURL: origin } satisfies BrowserContextOptions)
  return { context, openPage: (path) => openPage(context, path), close: () => context.close() }
}

/**
 * A device whose profile is on disk, so that its databases survive the browser: `newContext` is a private window, which keeps
 * IndexedDB in memory.
 */
export class ProfileDevice implements Device {
  readonly #options: ProfileOptions
  #context: BrowserContext | null = null

  constructor(options: ProfileOptions) {
    this.#options = options
  }

  get context(): BrowserContext {
    if (this.#context === null) throw new Error('this device is switched off')
    return this.#context
  }

  /** Starts the browser. */
  async start(): Promise<void> {
    const { profile, origin, args = [] } = this.#options
    this.#context = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: [...browserArgs, ...args],
      baseURL: origin,
    })
  }

  openPage(path?: string): Promise<Page> {
    return openPage(this.context, path)
  }

  /** Ends the browser in order. */
  async close(): Promise<void> {
    const context = this.#context
    this.#context = null
    await context?.close()
  }

  /** Ends all its processes at once, without a warning. */
  async kill(): Promise<void> {
    const { context } = this
    const browser = context.browser()
    if (browser === null) throw new Error('this context has no browser of its own')
    const session = await browser.newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    const closed = new Promise((resolve) => {
      context.once('close', resolve)
    })
    for (const { id } of processInfo) signalProcess(id)
    await closed
    this.#context = null
    // The lock names the process that is gone.
    await rm(join(this.#options.profile, 'SingletonLock'), { force: true })
  }

  /** A second device with a copy of everything that this one has, as after a restore of a device's backup. It must be closed. */
  async clone(profile: string): Promise<ProfileDevice> {
    if (this.#context !== null) throw new Error('close the device before it is cloned: its files are in use')
    await cp(this.#options.profile, profile, { recursive: true, filter: (source) => !/Singleton/.test(source) })
    return new ProfileDevice({ ...this.#options, profile })
  }
}

async function openPage(context: BrowserContext, path = '/'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(path)
  return page
}

function signalProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone with its parent already.
  }
}
