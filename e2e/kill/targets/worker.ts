import { setTimeout as wait } from 'node:timers/promises'
import type { Target } from './target.ts'

/** The page's worker; the page has to notice, and to go on by itself. */
export const workerTarget: Target = {
  keepsTab: true,
  kill: async (scene, instantMs) => {
    await scene.startLoad()
    await wait(instantMs)
    await scene.page.evaluate(() => globalThis.endWorker())
    return null
  },
}
