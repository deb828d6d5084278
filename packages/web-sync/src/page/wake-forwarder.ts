import type { WakeReason } from 'web-sync-protocol'

/**
 * Tells the worker what only the page hears: Chromium delivers `online` and `offline` to no worker, and none hears that it is visible
 * again. Returns how to stop.
 */
export function forwardWakes(wake: (reason: WakeReason | null, isOnline: boolean) => void): () => void {
  const wakeUp = (): void => wake('online', navigator.onLine)
  const reportOffline = (): void => wake(null, navigator.onLine)
  const onVisibility = (): void => (document.visibilityState === 'visible' ? wakeUp() : undefined)
  // A page from the back/forward cache has slept: what it heard last is old.
  const onShow = (event: PageTransitionEvent): void => (event.persisted ? wakeUp() : undefined)
  addEventListener('online', wakeUp)
  addEventListener('offline', reportOffline)
  addEventListener('pageshow', onShow)
  document.addEventListener('visibilitychange', onVisibility)
  return () => {
    removeEventListener('online', wakeUp)
    removeEventListener('offline', reportOffline)
    removeEventListener('pageshow', onShow)
    document.removeEventListener('visibilitychange', onVisibility)
  }
}
