import { setTimeout as wait } from 'node:timers/promises'
import { countSyncEvents, findServiceWorker, haveSyncEvents } from '../../support/service-worker.ts'
import type { Scene } from '../scene.ts'
import type { Target } from './target.ts'

/** Tag of the Background Sync registration. */
const TAG = 'web-sync'

/**
 * All processes of the browser at once; in every other round after Background Sync events without a
 * tab, where there is Background Sync.
 */
export const browserTarget: Target = {
  keepsTab: false,
  kill: async (scene, instantMs, round) => {
    const isBySync = scene.engine === 'chromium' && round % 2 === 1
    return isBySync ? killAfterSyncEvents(scene, instantMs) : killUnderLoad(scene, instantMs)
  },
}

async function killUnderLoad(scene: Scene, instantMs: number): Promise<null> {
  await scene.startLoad()
  await wait(instantMs)
  await scene.device.kill()
  await scene.startBrowser()
  return null
}

/**
 * The partner cannot be reached. The tab writes and is closed. The service worker gets two events
 * (the browser itself may send more), and its runs fail. The browser is killed during that or a
 * moment later. Then everything comes back.
 */
async function killAfterSyncEvents(scene: Scene, instantMs: number): Promise<number> {
  const { device, proxy } = scene
  proxy.setMode('refuse')
  await scene.startLoad()
  await wait(instantMs / 2)
  const worker = await findServiceWorker(scene.blank, proxy.origin)
  await scene.dropTab()
  const before = await countSyncEvents(device.context)
  await worker.dispatchSync(TAG)
  // On a slow machine the worker takes its time: the instants of the kill count from its work, not
  // from ours.
  await haveSyncEvents(device.context, before + 1)
  await wait((Math.random() * instantMs) / 2)
  await worker.dispatchSync(TAG)
  await wait((Math.random() * instantMs) / 2)
  const events = (await countSyncEvents(device.context)) - before
  await device.kill()
  proxy.setMode('up')
  await scene.startBrowser()
  return events
}
