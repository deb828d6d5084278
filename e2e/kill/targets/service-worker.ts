import { setTimeout as wait } from 'node:timers/promises'
import { findServiceWorker } from '../../support/service-worker.ts'
import type { Target } from './target.ts'

/** Tag of the Background Sync registration. */
const TAG = 'web-sync'

/** The service worker, while it delivers what a closed tab has left. Chromium only. */
export const serviceWorkerTarget: Target = {
  keepsTab: false,
  kill: async (scene, instantMs) => {
    const { device, proxy } = scene
    const blank = await device.openPage('/blank')
    const worker = await findServiceWorker(blank)
    proxy.setMode('refuse')
    await scene.startLoad()
    await wait(instantMs)
    await scene.endLoad()
    await scene.dropTab()
    proxy.setMode('up')
    await worker.dispatchSync(TAG)
    await wait(instantMs / 2)
    await worker.stop()
    await blank.close()
    return null
  },
}
