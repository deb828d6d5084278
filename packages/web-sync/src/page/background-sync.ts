import { SYNC_TAG } from '../contract/index.ts'

/** Background Sync (Chromium only); TypeScript's library does not know it. */
interface WithSync {
  readonly sync?: { register(tag: string): Promise<void> }
}

/** A write that is unsent for so long is worth waking the service worker for; most are answered sooner. */
const PATIENCE_MS = 200

/**
 * Asks the browser to wake the app's service worker when there is a network again, also with all tabs closed. Where there is no
 * Background Sync, no service worker, or no permission, nothing happens: the next start delivers.
 */
export function registerBackgroundSync(): void {
  void findRegistration().then(register)
}

/** Says when unsent writes are handed over to the service worker. */
export interface HandOver {
  /** A write was stored on the device. */
  wrote(): void
  /** The status is another one. `isStuck`: an attempt has failed, or the browser says that it is offline. */
  check(isStuck: boolean): void
  stop(): void
}

/**
 * Hands unsent writes over once for each time that there are any (the browser may raise the event at once, and each failure comes back
 * here as a status): when an attempt failed, when one lasts, and when the tab is left, since it may be closed the next moment, before
 * anything has failed. (The last is an attempt: a browser may refuse a tab that is being closed.)
 *
 * @param isUnsent whether the status says that something waits
 */
export function createHandOver(isUnsent: () => boolean): HandOver {
  let registration: WithSync | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  /** The status may not know of it yet. */
  let hasWritten = false
  let isDone = false
  const handOver = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (isDone || !(hasWritten || isUnsent())) return
    isDone = true
    if (registration === undefined) registerBackgroundSync()
    else register(registration)
  }
  const begin = (): void => {
    if (isDone || timer !== undefined) return
    timer = setTimeout(handOver, PATIENCE_MS)
    // At hand by then: a tab that is being closed has no time to look for it.
    if (registration === undefined) void findRegistration().then((found) => (registration = found))
  }
  const leave = (): void => (document.visibilityState === 'hidden' ? handOver() : undefined)
  document.addEventListener('visibilitychange', leave)
  addEventListener('pagehide', handOver)
  void findRegistration().then((found) => (registration = found))
  return {
    wrote: () => {
      hasWritten = true
      begin()
    },
    check: (isStuck) => {
      hasWritten = false
      if (!isUnsent()) {
        clearTimeout(timer)
        timer = undefined
        isDone = false
      } else if (isStuck) handOver()
      else begin()
    },
    stop: () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', leave)
      removeEventListener('pagehide', handOver)
    },
  }
}

/** Never rejects: to ask for the container throws in a frame without an origin, and its answer is a refusal where site data is blocked. */
async function findRegistration(): Promise<WithSync | undefined> {
  try {
    const container = navigator.serviceWorker as ServiceWorkerContainer | undefined
    return (await container?.getRegistration()) as WithSync | undefined
  } catch {
    return undefined
  }
}

function register(registration: WithSync | undefined): void {
  attemptRegister(registration).catch(() => undefined)
}

async function attemptRegister(registration: WithSync | undefined): Promise<void> {
  await registration?.sync?.register(SYNC_TAG)
}
