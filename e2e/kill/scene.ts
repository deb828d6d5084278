import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import type { Engine } from '../support/browser-options.ts'
import { ProfileDevice } from '../support/device.ts'
import { type FaultProxy, openFaultProxy } from 'web-sync/testing/node'
import { ServerProcess } from '../support/server-process.ts'
import { Ledger } from './ledger.ts'
import { inTime } from './verdict.ts'

/** Writes that are under way at once. */
const WRITERS = 2
/** Between two writes of one writer. */
const PAUSE_MS = 8

const ACCOUNT = 'ada'

/** One device with its profile on disk, one server with its files, and a log of what the app was promised. */
export class Scene {
  readonly engine: Engine
  readonly server: ServerProcess
  readonly proxy: FaultProxy
  readonly device: ProfileDevice
  /** What was promised in the space that is in use. */
  ledger = new Ledger()
  /** Name of the space that is in use; a new one now and then keeps rounds short. */
  space = ''
  readonly #folder: string
  #page: Page | null = null
  #loads = 0

  private constructor(engine: Engine, folder: string, proxy: FaultProxy) {
    this.engine = engine
    this.#folder = folder
    this.proxy = proxy
    this.server = new ServerProcess(folder, (port) => proxy.setTarget(port))
    this.device = new ProfileDevice({ profile: join(folder, 'profile'), engine, origin: proxy.origin })
  }

  /** Starts server and browser. */
  static async open(engine: Engine): Promise<Scene> {
    const folder = await mkdtemp(join(tmpdir(), 'web-sync-kill-'))
    const scene = new Scene(engine, folder, await openFaultProxy(0))
    await scene.server.start()
    await scene.startBrowser()
    return scene
  }

  /** The app's tab. */
  get page(): Page {
    if (this.#page === null) throw new Error('no tab is open')
    return this.#page
  }

  /**
   * The empty page that the browser starts with. It is not one of the app's, so its debugger still
   * works when all tabs of the app are closed.
   */
  get blank(): Page {
    const [first] = this.device.context.pages()
    if (first === undefined) throw new Error('the browser has come without a page')
    return first
  }

  /** Starts the browser on the same profile. */
  async startBrowser(): Promise<void> {
    await this.device.start()
    const { context } = this.device
    await context.exposeBinding('heardStored', (_source, name: string, mutationId: string) =>
      this.ledger.acknowledge(name, mutationId),
    )
    await context.exposeBinding('heardFailed', (_source, code: string) => this.ledger.reject(code))
    // The app's worker at hand, so that it can be ended at any instant, as the browser does when memory runs out.
    await context.addInitScript(() => {
      const Original = globalThis.Worker
      globalThis.Worker = class extends Original {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options)
          globalThis.endWorker = () => this.terminate()
        }
      }
    })
  }

  /** Opens the app in a new tab, signed in: a killed browser has forgotten cookies that were not yet on disk. */
  async openTab(): Promise<void> {
    const page = await this.device.openPage()
    this.#page = page
    await page.evaluate(
      async ([account, space]) => {
        await app.signIn(account)
        await app.register()
        await app.open({ account, space })
      },
      [ACCOUNT, this.space] as const,
    )
  }

  /** The tab is gone, by a kill or now. */
  async dropTab(): Promise<void> {
    const page = this.#page
    this.#page = null
    await page?.close()
  }

  /** Goes on with a fresh space. */
  async changeSpace(name: string): Promise<void> {
    this.space = name
    this.ledger = new Ledger()
    await this.dropTab()
    await this.openTab()
  }

  /** Begins to write, two records in each mutation; resolves when something was acknowledged. The load ends with its page, or `endLoad`. */
  async startLoad(): Promise<void> {
    this.#loads += 1
    const heard = this.ledger.next()
    await this.page.evaluate(
      ([load, writers, pauseMs]) => {
        globalThis.isLoaded = true
        const pause = (): Promise<void> =>
          new Promise((resolve) => {
            setTimeout(resolve, pauseMs)
          })
        const write = async (writer: number): Promise<void> => {
          for (let count = 0; globalThis.isLoaded; count += 1) {
            const name = `${load}-${writer}-${count}`
            const stored = app.space.space.mutate((tx) => {
              tx.notes.insert({ id: `${name}-a`, text: name })
              tx.notes.insert({ id: `${name}-b`, text: name })
            })
            try {
              await stored
              void heardStored(name, stored.mutationId)
            } catch (error) {
              void heardFailed((error as { code?: string }).code ?? String(error))
            }
            await pause()
          }
        }
        globalThis.loadEnded = Promise.all(Array.from({ length: writers }, (_, index) => write(index)))
      },
      [this.#loads, WRITERS, PAUSE_MS] as const,
    )
    await inTime('the first write of a load', heard)
  }

  /** Ends the load; resolves when the last write has its answer. */
  async endLoad(): Promise<void> {
    await this.page.evaluate(async () => {
      globalThis.isLoaded = false
      await globalThis.loadEnded
    })
  }

  /** Ends everything that it has started, and removes its files. */
  async close(): Promise<void> {
    await this.device.close()
    await this.server.remove()
    await this.proxy.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

declare global {
  // Set in the page by the scripts above.
  var endWorker: () => void
  var isLoaded: boolean
  var loadEnded: Promise<unknown>
  var heardStored: (name: string, mutationId: string) => Promise<void>
  var heardFailed: (code: string) => Promise<void>
}
