import type { CDPSession, Page } from 'playwright'

/** The dedicated workers of a page, by the browser's debugger. */
export interface WorkerTargets {
  /** Asks one of them by a method of the DevTools protocol; undefined: it ended before it answered, or has no result. */
  readonly ask: (sessionId: string, method: string, params?: object) => Promise<unknown>
  /** The sessions of those that live now. */
  readonly sessionIds: ReadonlySet<string>
  detach(): Promise<void>
}

interface Message {
  readonly id?: number
  readonly result?: unknown
}

/**
 * Attaches to the workers that the page has, and to those that it starts. `begin` is awaited for each of them, those that are new before
 * their first line. Not flattened: Playwright hands on no sessions below its own, but messages through this one.
 */
export async function attachToWorkers(
  page: Page,
  begin: (targets: WorkerTargets, sessionId: string) => Promise<void>,
): Promise<WorkerTargets> {
  const session: CDPSession = await page.context().newCDPSession(page)
  const sessionIds = new Set<string>()
  const waiting = new Map<number, { readonly sessionId: string; readonly settle: (result: unknown) => void }>()
  const begun: Promise<unknown>[] = []
  let lastId = 0
  const targets: WorkerTargets = {
    sessionIds,
    ask: async (sessionId, method, params = {}) => {
      lastId += 1
      const id = lastId
      const answered = new Promise((settle) => void waiting.set(id, { sessionId, settle }))
      const message = JSON.stringify({ id, method, params })
      // One that has just ended takes no message.
      await session.send('Target.sendMessageToTarget', { sessionId, message }).catch(() => forget(sessionId))
      return answered
    },
    detach: () => session.detach(),
  }
  const forget = (sessionId: string): void => {
    sessionIds.delete(sessionId)
    for (const { settle } of [...waiting.values()].filter((one) => one.sessionId === sessionId)) settle(undefined)
  }
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id = 0, result } = JSON.parse(message) as Message
    waiting.get(id)?.settle(result)
    waiting.delete(id)
  })
  session.on('Target.detachedFromTarget', ({ sessionId }) => forget(sessionId))
  session.on('Target.attachedToTarget', ({ sessionId }) => {
    sessionIds.add(sessionId)
    begun.push(begin(targets, sessionId).then(() => targets.ask(sessionId, 'Runtime.runIfWaitingForDebugger')))
  })
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: false })
  await Promise.all(begun)
  return targets
}
