/** Tag of the Background Sync registration, and name of the wake message: one for all spaces. */
export const SYNC_TAG = 'web-sync'

/** Small and one-way: the page tells the service worker that now may be a good time (`online`, visible, `pageshow`, start). */
export interface WakeMessage {
  readonly type: 'web-sync:wake'
}

/** The wake message. */
export const WAKE_MESSAGE: WakeMessage = { type: 'web-sync:wake' }

/** True for a wake message; whatever else the app sends to its own service worker is not ours. */
export function isWakeMessage(data: unknown): boolean {
  return typeof data === 'object' && data !== null && (data as { type?: unknown }).type === WAKE_MESSAGE.type
}
