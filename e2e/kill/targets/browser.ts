import { setTimeout as wait } from 'node:timers/promises'
import type { Target } from './target.ts'

/** All processes of the browser at once. */
export const browserTarget: Target = {
  keepsTab: false,
  kill: async (scene, instantMs) => {
    await scene.startLoad()
    await wait(instantMs)
    await scene.device.kill()
    await scene.startBrowser()
  },
}
