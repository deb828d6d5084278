import type { Lock } from '../contract/index.ts'
import { type Channel, openChannel } from './channel.ts'
import { createLocalLock } from './local-lock.ts'

/** How long one waits before it asks whether the holder is still there, and how long for the answer. */
export interface LockPatience {
  readonly waitMs: number
  readonly answerMs: number
}

const PATIENCE: LockPatience = { waitMs: 10_000, answerMs: 3_000 }

/** What waiting and holding contexts say to each other on the lock's channel. */
const QUESTION = 'is the holder there?'
const ANSWER = 'the holder is here'

/**
 * The browser's Web Locks as a port; held across tabs, workers and the service worker, and freed within milliseconds when one dies.
 *
 * A holder that was frozen (a tab in the background, a process that its system has suspended) neither works nor dies. Whoever waits asks it
 * now and then; if nobody answers, the lock is taken over. When the frozen one thaws its work goes on: that costs a repeated request and
 * corrupts nothing, because each commit compares keys.
 *
 * A browser that has the interface may refuse each request (SecurityError, where the user has blocked site data): then it is a lock
 * within this context.
 */
export function createWebLock(locks: LockManager, patience: LockPatience = PATIENCE): Lock {
  const local = createLocalLock()
  return {
    hold: async <T>(
      name: string,
      { ifAvailable }: { readonly ifAvailable: boolean },
      work: () => Promise<T>,
    ): Promise<T | null> => {
      let mine: Promise<T> | null = null
      const begin = async (lock: unknown): Promise<T | null> => {
        if (lock === null) return null
        const fallSilent = answerQuestions(name)
        mine = work().finally(fallSilent)
        return mine
      }
      try {
        if (ifAvailable) return await locks.request(name, { ifAvailable }, begin)
        const waiting = new AbortController()
        const isOver = watchHolder(name, patience, waiting)
        return await locks
          .request(name, { signal: waiting.signal }, (lock) => {
            isOver()
            return begin(lock)
          })
          .catch((error: unknown) => {
            if (mine !== null || !waiting.signal.aborted) throw error
            return locks.request(name, { steal: true }, begin)
          })
      } catch {
        // Taken over from this context, which was frozen: its work ends as it ends.
        const own = mine as Promise<T> | null
        if (own !== null) return own
        return local.hold(name, { ifAvailable }, work)
      }
    },
  }
}

/**
 * Asks the holder again and again while one waits, and aborts the wait if there is no answer. Returns how to stop. Where nobody can be
 * asked, nobody is taken for frozen.
 */
function watchHolder(name: string, { waitMs, answerMs }: LockPatience, waiting: AbortController): () => void {
  let channel: Channel | null = null
  let timer: ReturnType<typeof setTimeout>
  const rest = (): void => {
    channel?.close()
    channel = null
    // Not all at once: the first one that takes over answers the others.
    timer = setTimeout(ask, waitMs * (1 + Math.random() / 2))
  }
  const ask = (): void => {
    channel = openChannel(nameChannel(name), (message) => {
      if (message !== ANSWER) return
      clearTimeout(timer)
      rest()
    })
    if (channel === null) return
    channel.post(QUESTION)
    timer = setTimeout(() => {
      stop()
      waiting.abort()
    }, answerMs)
  }
  const stop = (): void => {
    clearTimeout(timer)
    channel?.close()
    channel = null
  }
  rest()
  return stop
}

/** Answers whoever waits, as long as this context holds the lock. Returns how to stop. */
function answerQuestions(name: string): () => void {
  const channel = openChannel(nameChannel(name), (message) => {
    if (message === QUESTION) channel?.post(ANSWER)
  })
  return () => channel?.close()
}

function nameChannel(lockName: string): string {
  return `web-sync:lock:${lockName}`
}
