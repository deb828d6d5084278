import type { CDPSession, Page } from 'playwright'

/** Milliseconds between two looks: often enough for a peak of a run of seconds, seldom enough not to be the load. */
const LOOK_EVERY_MS = 250
const BYTES_PER_MIB = 1_048_576

/** Follows the JavaScript heap of the page's dedicated workers. */
export interface HeapWatch {
  /** The greatest use seen, in MiB; undefined if no worker was seen. */
  stop(): Promise<number | undefined>
}

interface Message {
  readonly id?: number
  readonly result?: { readonly usedSize?: number }
}

/** Begins to look; call it before the page starts its worker. */
export async function watchWorkerHeap(page: Page): Promise<HeapWatch> {
  const session: CDPSession = await page.context().newCDPSession(page)
  const workers = new Set<string>()
  let peak: number | undefined
  let lastId = 0
  session.on('Target.attachedToTarget', ({ sessionId }) => void workers.add(sessionId))
  session.on('Target.detachedFromTarget', ({ sessionId }) => void workers.delete(sessionId))
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { usedSize } = (JSON.parse(message) as Message).result ?? {}
    if (usedSize !== undefined) peak = Math.max(peak ?? 0, usedSize / BYTES_PER_MIB)
  })
  // Not flattened: Playwright hands on no sessions below its own, but messages through this one.
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const look = async (): Promise<void> => {
    for (const sessionId of workers) {
      lastId += 1
      const message = JSON.stringify({ id: lastId, method: 'Runtime.getHeapUsage' })
      // A worker that has just ended has no heap to tell of.
      await session.send('Target.sendMessageToTarget', { sessionId, message }).catch(() => undefined)
    }
  }
  const timer = setInterval(() => void look(), LOOK_EVERY_MS)
  return {
    stop: async () => {
      clearInterval(timer)
      await look()
      await session.detach()
      return peak
    },
  }
}
