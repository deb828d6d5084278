/** An event that the browser keeps the service worker alive for. */
export interface ExtendableEventLike {
  waitUntil(work: Promise<unknown>): void
}

/** The Background Sync event (Chromium only); TypeScript's library does not know it. */
export interface SyncEventLike extends ExtendableEventLike {
  readonly tag: string
}

/** A registration where there is Background Sync. */
export interface WithSync {
  readonly sync?: { register(tag: string): Promise<void> }
}

/** A message to the service worker. */
export interface MessageEventLike extends ExtendableEventLike {
  readonly data: unknown
}

/** The part of a ServiceWorkerGlobalScope that we need: `self` of the app's service worker. */
export interface ServiceWorkerScope {
  addEventListener(type: 'sync', listener: (event: SyncEventLike) => void): void
  addEventListener(type: 'message', listener: (event: MessageEventLike) => void): void
  removeEventListener(type: 'sync', listener: (event: SyncEventLike) => void): void
  removeEventListener(type: 'message', listener: (event: MessageEventLike) => void): void
  readonly registration: object
}
