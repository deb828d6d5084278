import { setTimeout as wait } from 'node:timers/promises'
import { killProcess } from '../../support/process-tree.ts'
import type { Target } from './target.ts'

/** The processes in which the page, its worker and the service worker run; the browser goes on. Chromium only. */
export const rendererTarget: Target = {
  keepsTab: false,
  kill: async (scene, instantMs) => {
    const { page, device } = scene
    const browser = device.context.browser()
    if (browser === null) throw new Error('this context has no browser of its own')
    const session = await browser.newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
    const crashed = page.waitForEvent('crash')
    await scene.startLoad()
    await wait(instantMs)
    for (const pid of renderers) killProcess(pid)
    await crashed
    await session.detach()
    await scene.dropTab()
    return null
  },
}
