import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test as base } from '@playwright/test'
import { type FaultProxy, openFaultProxy } from 'web-sync/testing/node'
import { ServerProcess } from '../support/server-process.ts'
import { WebKitBrowser } from './web-driver.ts'

/** What a scenario on WebKitGTK plays in. */
export interface WebKitWorld {
  readonly server: ServerProcess
  readonly proxy: FaultProxy
  readonly browser: WebKitBrowser
  /** Opens the app in the window that is in use, signed in. */
  readonly openApp: (account: string) => Promise<void>
}

/** The `test` of the WebKitGTK lane: no browser of Playwright's is started for it. */
export const test = base.extend<{ webkitWorld: WebKitWorld }>({
  webkitWorld: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'web-sync-webkit-'))
    const proxy = await openFaultProxy(0)
    const server = new ServerProcess(folder, (port) => proxy.setTarget(port))
    await server.start()
    const browser = await WebKitBrowser.launch()
    await use({
      server,
      proxy,
      browser,
      openApp: async (account) => {
        await browser.goto(proxy.origin)
        await browser.evaluate(async (name) => {
          await app.signIn(name)
          await app.register()
          await app.open({ account: name })
        }, account)
      },
    })
    await browser.close()
    await server.remove()
    await proxy.close()
    await rm(folder, { recursive: true, force: true })
    expect(server.takeViolations(), 'violations of the content security policy').toEqual([])
    expect(server.faults, 'bugs of the partner').toEqual([])
  },
})

export { expect }
