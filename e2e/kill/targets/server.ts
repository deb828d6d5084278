import { setTimeout as wait } from 'node:timers/promises'
import type { Target } from './target.ts'

/** The server's process; the tab stays and writes on meanwhile. */
export const serverTarget: Target = {
  keepsTab: true,
  kill: async (scene, instantMs) => {
    await scene.startLoad()
    await wait(instantMs)
    await scene.server.kill()
    await scene.server.start()
    return null
  },
}
