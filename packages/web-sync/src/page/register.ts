import { Workbox } from 'workbox-window'
import { WAKE_MESSAGE } from '../contract/index.ts'
import { registerBackgroundSync } from './background-sync.ts'
import { trustScript } from './trusted-script.ts'
import { forwardWakes } from './wake-forwarder.ts'

/** How the app's service worker is registered. */
export interface RegisterOptions {
  /** Address of the service worker's script. */
  readonly url: string
  /** Default: the folder of the script. */
  readonly scope?: string
  /** Default: 'module'. */
  readonly type?: 'module' | 'classic'
  /** A new version is installed and waits until all tabs of the old one are closed, or until {@link Registered.activateUpdate}. */
  readonly onUpdateWaiting?: () => void
  /** A new version has taken over: a good moment to offer a reload. Nothing reloads by itself, so nothing can reload for ever. */
  readonly onUpdated?: () => void
}

/** A registered service worker. */
export interface Registered {
  /** null: this browser (or this page, without https or with site data blocked) has no service workers. */
  readonly registration: ServiceWorkerRegistration | null
  /** Tells a waiting version to take over, by the message `{type: 'SKIP_WAITING'}`; its script must heed it. */
  activateUpdate(): void
  /** Ends the wake messages; the service worker stays registered. */
  stop(): void
}

/**
 * Registers the app's own service worker (which calls `attachSync`) and tells it when now may be a good time to sync: at start, on
 * `online`, when the page is visible again, and when it comes back from the back/forward cache. Rejects as `register()` of the browser
 * does, if the script cannot be loaded.
 *
 * @example
 * await registerServiceWorker({ url: '/sw.js' })
 */
export async function registerServiceWorker(options: RegisterOptions): Promise<Registered> {
  if (!hasServiceWorkers()) return NONE
  const { url, scope, type = 'module', onUpdateWaiting, onUpdated } = options
  const workbox = new Workbox(trustScript(url), { type, ...(scope === undefined ? {} : { scope }) })
  if (onUpdateWaiting !== undefined) workbox.addEventListener('waiting', onUpdateWaiting)
  workbox.addEventListener('controlling', (event) => {
    if (event.isUpdate === true) onUpdated?.()
  })
  let registration: ServiceWorkerRegistration | null
  try {
    registration = (await workbox.register()) ?? null
  } catch (error) {
    if (await isForbidden()) return NONE
    throw error
  }
  const wake = (): void => {
    registration?.active?.postMessage(WAKE_MESSAGE)
    registerBackgroundSync()
  }
  const stop = forwardWakes((reason) => {
    if (reason !== null) wake()
  })
  wake()
  return { registration, activateUpdate: () => workbox.messageSkipWaiting(), stop }
}

const NONE: Registered = { registration: null, activateUpdate: nothing, stop: nothing }

/** False: there are none, also where only to ask throws (a frame without an origin). */
function hasServiceWorkers(): boolean {
  try {
    return (navigator.serviceWorker as ServiceWorkerContainer | undefined) !== undefined
  } catch {
    return false
  }
}

/** True: no script would be registered (site data is blocked), for the browser refuses to say even which one is. */
async function isForbidden(): Promise<boolean> {
  try {
    await navigator.serviceWorker.getRegistration()
    return false
  } catch {
    return true
  }
}

function nothing(): void {
  // Nothing was registered.
}
