import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { findWebKit } from '../../scripts/browsers.mjs'

/** Longest wait for the driver to listen, and for a page. */
const START_MS = 20_000
const LOOK_EVERY_MS = 50
/** Displays are numbered; below are those that people use. */
const FIRST_DISPLAY = 90
const DISPLAYS = 900

/** What WebKitGTK needs in a machine without a graphics card. */
const SOFTWARE_ONLY = {
  WEBKIT_DISABLE_DMABUF_RENDERER: '1',
  WEBKIT_DISABLE_COMPOSITING_MODE: '1',
  LIBGL_ALWAYS_SOFTWARE: '1',
}

/**
 * A WebKitGTK browser, driven by the W3C's WebDriver over HTTP: Playwright's own WebKit is another build, and stock ones know no other
 * driver. Each has a display, a driver process and fresh storage of its own.
 */
export class WebKitBrowser {
  readonly #processes: readonly ChildProcess[]
  readonly #session: string

  private constructor(processes: readonly ChildProcess[], session: string) {
    this.#processes = processes
    this.#session = session
  }

  /** Starts display, driver and browser. */
  static async launch(): Promise<WebKitBrowser> {
    const binary = findWebKit()
    if (binary === undefined) throw new Error('No WebKitGTK: run `node scripts/browsers.mjs webkit`.')
    const display = `:${FIRST_DISPLAY + Math.floor(Math.random() * DISPLAYS)}`
    const port = await freePort()
    const env = { ...process.env, ...SOFTWARE_ONLY, DISPLAY: display }
    const processes = [
      spawn('Xvfb', [display, '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' }),
      spawn('WebKitWebDriver', [`--port=${port}`], { env, stdio: 'ignore' }),
    ]
    const driver = `http://127.0.0.1:${port}`
    await untilReady(driver)
    const options = { binary, args: ['--automation'] }
    const { sessionId } = (await send(`${driver}/session`, {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options, timeouts: { script: 60_000 } } },
    })) as { readonly sessionId: string }
    return new WebKitBrowser(processes, `${driver}/session/${sessionId}`)
  }

  /** Goes to a page of the test app in the window that is in use. */
  async goto(url: string): Promise<void> {
    await send(`${this.#session}/url`, { url })
    await this.#untilApp()
  }

  async reload(): Promise<void> {
    await send(`${this.#session}/refresh`, {})
    await this.#untilApp()
  }

  /** On a busy machine the driver answers before the page's script has run. */
  async #untilApp(): Promise<void> {
    await poll('the page’s script', () => this.evaluate(() => 'app' in globalThis))
  }

  /** Opens a window and uses it from now on; with its name for {@link useWindow}. */
  async openWindow(): Promise<string> {
    const { handle } = (await send(`${this.#session}/window/new`, { type: 'window' })) as { readonly handle: string }
    await this.useWindow(handle)
    return handle
  }

  async currentWindow(): Promise<string> {
    return (await send(`${this.#session}/window`, null)) as string
  }

  async useWindow(handle: string): Promise<void> {
    await send(`${this.#session}/window`, { handle })
  }

  /** Runs a function in the page, which knows nothing of this module, and waits for what it resolves with. */
  async evaluate<Args extends readonly unknown[], Result>(
    work: (...args: Args) => Result | Promise<Result>,
    ...args: Args
  ): Promise<Result> {
    const script = `const done = arguments[arguments.length - 1]
const given = Array.from(arguments).slice(0, -1)
Promise.resolve().then(() => (${work.toString()})(...given)).then((value) => done({ value }), (error) => done({ error: String(error) }))`
    const answer = (await send(`${this.#session}/execute/async`, { script, args })) as {
      readonly value?: Result
      readonly error?: string
    }
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.value as Result
  }

  /** Ends browser, driver and display. */
  async close(): Promise<void> {
    await fetch(this.#session, { method: 'DELETE' }).catch(() => undefined)
    for (const child of this.#processes.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}

async function send(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, body === null ? {} : { method: 'POST', body: JSON.stringify(body) })
  const { value } = (await response.json()) as { readonly value: unknown }
  if (response.ok) return value
  const { error, message } = value as { readonly error: string; readonly message: string }
  throw new Error(`WebDriver: ${error}: ${message}`)
}

async function untilReady(driver: string): Promise<void> {
  await poll('WebKitWebDriver', () =>
    fetch(`${driver}/status`).then(
      (response) => response.ok,
      () => false,
    ),
  )
}

async function poll(what: string, isThere: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now()
  while (!(await isThere())) {
    if (performance.now() - startedAt > START_MS) throw new Error(`${what} is not there in time`)
    await wait(LOOK_EVERY_MS)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
