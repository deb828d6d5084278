import type { Page } from 'playwright'
import { attachToWorkers } from './worker-targets.ts'

/** Milliseconds between two looks: often enough for a peak of a run of seconds, seldom enough not to be the load. */
const LOOK_EVERY_MS = 250
const BYTES_PER_MIB = 1_048_576

/** Follows the JavaScript heap of the page's dedicated workers. */
export interface HeapWatch {
  /** The greatest use seen, in MiB; undefined if no worker was seen. */
  stop(): Promise<number | undefined>
}

/** Begins to look; call it before the page starts its worker. */
export async function watchWorkerHeap(page: Page): Promise<HeapWatch> {
  const targets = await attachToWorkers(page, () => Promise.resolve())
  let peak: number | undefined
  const look = async (): Promise<void> => {
    for (const sessionId of targets.sessionIds) {
      const usage = (await targets.ask(sessionId, 'Runtime.getHeapUsage')) as { readonly usedSize: number } | undefined
      if (usage !== undefined) peak = Math.max(peak ?? 0, usage.usedSize / BYTES_PER_MIB)
    }
  }
  const timer = setInterval(() => void look(), LOOK_EVERY_MS)
  return {
    stop: async () => {
      clearInterval(timer)
      await look()
      await targets.detach()
      return peak
    },
  }
}
