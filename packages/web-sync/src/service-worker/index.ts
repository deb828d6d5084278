/** web-sync inside the app's own service worker. */
import { attachTo, type AttachedSync, type AttachOptions } from './attach-sync.ts'
import { createBrowserEnvironment } from './browser-environment.ts'
import type { ServiceWorkerScope } from './events.ts'

export type { AttachedSync, AttachOptions } from './attach-sync.ts'
export type { ExtendableEventLike, MessageEventLike, ServiceWorkerScope, SyncEventLike } from './events.ts'

/**
 * Lets the app's service worker deliver writes when connectivity returns, also with all tabs closed (where the browser has Background
 * Sync). Call it while the script is first run. It listens to `sync` and `message` only: no request is intercepted.
 *
 * @example
 * attachSync(self, { schema, endpoint: '/sync' })
 */
export function attachSync(
  scope: ServiceWorkerScope & { readonly location: { readonly href: string } },
  options: AttachOptions,
): AttachedSync {
  return attachTo(scope, { ...options, createEnvironment: createBrowserEnvironment, baseUrl: scope.location.href })
}
