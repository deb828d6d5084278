import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, expect, type Page, test as base } from '@playwright/test'
import { type DemoProcess, startDemo } from './demo-process.ts'
import { type Watch, watchContext } from './violations.ts'
import { type FaultProxy, openFaultProxy } from 'web-sync/testing/node'

/** What the page offers to tests with `?test` in its address. */
interface FieldNotes {
  readonly spaces: Readonly<Record<'team' | 'places', TestSpace>>
}

interface TestSpace {
  readonly status: {
    getSnapshot(): { readonly isPartial: boolean; readonly progress: { done: number; total: number } | null }
    subscribe(listener: (status: { readonly progress: { done: number; total: number } | null }) => void): () => void
  }
  readonly collections: Readonly<Record<string, { query(): { count(): Promise<number> } }>>
}

declare global {
  // Set below, of what the demo's page offers.
  var fieldNotes: FieldNotes
}

/** The demo's server behind a network that can be broken. */
export interface Demo {
  readonly proxy: FaultProxy
  /** Opens the demo on a device of its own and signs somebody in. */
  open(person: string): Promise<Page>
  /** Violations of the content security policy that were not taken yet; there must be none at the end. */
  takeViolations(): Promise<readonly string[]>
}

/** The demo's `test`: one server for all scenarios of a file, since it begins by importing the places. */
export const test = base.extend<{ demo: Demo }, { server: DemoProcess; places: number | null }>({
  /** How many places there are; null: all. */
  places: [null, { scope: 'worker', option: true }],
  server: [
    async ({ places }, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'web-sync-demo-'))
      const server = await startDemo(folder, places)
      await use(server)
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  demo: async ({ browser, server }, use) => {
    const proxy = await openFaultProxy(server.port)
    const contexts: BrowserContext[] = []
    const watch: Watch = { violations: [], errors: [] }
    const takeViolations = async (): Promise<readonly string[]> => {
      const reports = await fetch(`http://127.0.0.1:${server.port}/demo/csp-reports`, { method: 'DELETE' })
      return [...watch.violations.splice(0), ...((await reports.json()) as string[])]
    }
    await use({
      proxy,
      takeViolations,
      open: async (person) => {
        const context = await browser.newContext({ baseURL: proxy.origin, viewport: { width: 1280, height: 900 } })
        contexts.push(context)
        await watchContext(context, watch)
        const page = await context.newPage()
        await page.goto('/?test')
        await page.getByRole('button', { name: person }).click()
        await page.waitForFunction(() => '__fieldNotes' in globalThis)
        await page.evaluate(() =>
          Object.assign(globalThis, { fieldNotes: Reflect.get(globalThis, '__fieldNotes') as unknown }),
        )
        return page
      },
    })
    expect(await takeViolations(), 'violations of the content security policy').toEqual([])
    expect(watch.errors, 'errors that nobody caught').toEqual([])
    await Promise.all(contexts.map((context) => context.close()))
    await proxy.close()
  },
})

export { expect }
