import { SYNC_TAG } from '../contract/index.ts'

/** Background Sync (Chromium only); TypeScript's library does not know it. */
interface WithSync {
  readonly sync?: { register(tag: string): Promise<void> }
}

/**
 * Asks the browser to wake the app's service worker when there is a network again, also with all tabs closed. Where there is no
 * Background Sync, no service worker, or no permission, nothing happens: the next start delivers.
 */
export function registerBackgroundSync(): void {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined
  container
    ?.getRegistration()
    .then((registration) => (registration as WithSync | undefined)?.sync?.register(SYNC_TAG))
    .catch(() => undefined)
}
