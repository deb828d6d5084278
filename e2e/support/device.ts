import { access, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  firefox,
  type Page,
} from '@playwright/test'
import { type Engine, launches } from './browser-options.ts'
import { findBrowserTree, killProcess } from './process-tree.ts'

/** Firefox's preference for the room that all sites have together, in KiB. */
const STORAGE_LIMIT = 'dom.quotaManager.temporaryStorage.fixedLimit'
const NO_LIMIT = -1

/** Firefox's preference for cookies and site data; the second is what it does if nobody says anything. */
const COOKIES = 'network.cookie.cookieBehavior'
const ALL_BLOCKED = 2
const PARTITIONED = 5

/** How a browser is started; by default as it comes. */
interface StartOptions {
  readonly limitKb?: number
  readonly ignoreDefaultArgs?: string[]
  readonly isSiteDataBlocked?: boolean
}

/** What a device with a profile on disk is started with. */
export interface ProfileOptions {
  readonly profile: string
  readonly engine: Engine
  /** Where the app is. */
  readonly origin: string
  /** More switches for the browser. */
  readonly args?: readonly string[]
  /** More of Firefox's preferences. */
  readonly firefoxUserPrefs?: Readonly<Record<string, string | number>>
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
  #isSiteDataBlocked = false

  constructor(options: ProfileOptions) {
    this.#options = options
  }

  /** Whose browser it has. */
  get engine(): ProfileOptions['engine'] {
    return this.#options.engine
  }

  /** The folder of its profile. */
  get profile(): string {
    return this.#options.profile
  }

  get context(): BrowserContext {
    if (this.#context === null) throw new Error('this device is switched off')
    return this.#context
  }

  /** Starts the browser. */
  async start(): Promise<void> {
    await this.#start({})
  }

  /** Starts the browser with all site data blocked, as its settings offer it; what is stored stays on the disk. */
  async startWithSiteDataBlocked(): Promise<void> {
    await this.#start({ isSiteDataBlocked: true })
  }

  /** Starts the browser with its back/forward cache, which Playwright switches off in Chromium. */
  async startWithBfcache(): Promise<void> {
    await this.#start({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
  }

  async #start({ limitKb = NO_LIMIT, ignoreDefaultArgs = [], isSiteDataBlocked = false }: StartOptions): Promise<void> {
    const { profile, engine, origin, args = [], firefoxUserPrefs } = this.#options
    const launch = launches[engine]
    if (engine === 'chromium' && isSiteDataBlocked !== this.#isSiteDataBlocked)
      await setChromiumCookies(profile, isSiteDataBlocked)
    this.#isSiteDataBlocked = isSiteDataBlocked
    this.#context = await { chromium, firefox }[engine].launchPersistentContext(profile, {
      ...launch,
      args: [...launch.args, ...args],
      ignoreDefaultArgs,
      // Said each time: Firefox keeps in the profile what it was told once.
      firefoxUserPrefs: {
        ...launch.firefoxUserPrefs,
        ...firefoxUserPrefs,
        [STORAGE_LIMIT]: limitKb,
        [COOKIES]: isSiteDataBlocked ? ALL_BLOCKED : PARTITIONED,
      },
      baseURL: origin,
    })
  }

  /** Leaves the origin only so much room until the browser is started again. Before the app has opened its database. */
  async limitStorage(bytes: number): Promise<void> {
    const { engine, origin } = this.#options
    if (engine === 'firefox') {
      await this.close()
      await this.#start({ limitKb: Math.floor(bytes / 1024) })
      return
    }
    const session = await this.context.newCDPSession(await this.openPage('/blank'))
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: bytes })
  }

  /** Throws the origin's databases away, and nothing else, as a browser does that needs room. */
  async evictDatabases(): Promise<void> {
    const { profile, engine, origin } = this.#options
    if (engine === 'firefox') {
      await this.close()
      const folder = join(profile, 'storage', 'default', origin.replace(/[:/]/g, '+'), 'idb')
      await access(folder)
      await rm(folder, { recursive: true })
      await this.start()
      return
    }
    const session = await this.context.newCDPSession(await this.openPage('/blank'))
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
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
    const closed = new Promise((resolve) => {
      context.once('close', resolve)
    })
    for (const pid of findBrowserTree(this.#options.profile)) killProcess(pid)
    await closed
    this.#context = null
    // Chromium's lock names the process that is gone.
    await rm(join(this.#options.profile, 'SingletonLock'), { force: true })
  }

  /** A second device with a copy of everything that this one has, as after a restore of a device's backup. It must be closed. */
  async clone(profile: string): Promise<ProfileDevice> {
    if (this.#context !== null) throw new Error('close the device before it is cloned: its files are in use')
    await cp(this.#options.profile, profile, { recursive: true, filter: (source) => !isLock(source) })
    return new ProfileDevice({ ...this.#options, profile })
  }
}

async function openPage(context: BrowserContext, path = '/'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(path)
  return page
}

/** What its settings call «block all cookies»: site data of all kinds. While the browser is closed: it writes the file when it ends. */
async function setChromiumCookies(profile: string, isBlocked: boolean): Promise<void> {
  const path = join(profile, 'Default', 'Preferences')
  const text = await readFile(path, 'utf8').catch(() => '{}')
  const preferences = JSON.parse(text) as { profile?: { default_content_setting_values?: { cookies?: number } } }
  preferences.profile ??= {}
  preferences.profile.default_content_setting_values = { cookies: isBlocked ? 2 : 1 }
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, JSON.stringify(preferences))
}

/** What says that a browser runs on a profile: no part of a copy. */
function isLock(path: string): boolean {
  return /\/(Singleton\w+|lock|\.parentlock)$/.test(path)
}
