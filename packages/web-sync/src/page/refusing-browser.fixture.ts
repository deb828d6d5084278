import { IDBOpenDBRequest } from 'fake-indexeddb'
import { vi } from 'vitest'

/** Globals as a browser gives them that refuses some of its interfaces; by name. */
export type Refusal = Readonly<Record<string, unknown>>

type Locks = Pick<LockManager, 'request' | 'query'>

const insecure = (): DOMException => new DOMException('The operation is insecure.', 'SecurityError')
const denied = (): DOMException =>
  new DOMException('The user denied permission to access the database.', 'UnknownError')
const notSupported = (): DOMException =>
  new DOMException('The user denied permission to use Service Worker.', 'NotSupportedError')

const refuse = (reason: () => DOMException) => (): Promise<never> => Promise.reject(reason())
const throwing = (reason: () => DOMException) => (): never => {
  throw reason()
}

/** Web Locks that are there, and refuse each request. */
export const refusingLocks: Locks = { request: refuse(insecure), query: refuse(insecure) }

/** As Chromium does: a request that fails, without a word of why in its name. */
function failingRequest(): IDBOpenDBRequest {
  const request = new IDBOpenDBRequest()
  Object.assign(request, {
    _error: denied(),
    readyState: 'done',
    addEventListener: (type: string, listener: () => void) => void (type === 'error' && setImmediate(listener)),
    removeEventListener: () => undefined,
  })
  return request
}

/** Databases that cannot be used: `how` they say so. */
function refusingDatabases(how: 'by the request' | 'at once'): object {
  const open = how === 'at once' ? throwing(insecure) : failingRequest
  return { open, deleteDatabase: open, databases: refuse(how === 'at once' ? insecure : denied) }
}

function refusingContainer(reason: () => DOMException): object {
  return Object.assign(new EventTarget(), {
    controller: null,
    getRegistration: refuse(reason),
    register: refuse(reason),
  })
}

/** A constructor that throws, as Firefox's for channels does. */
export const RefusedChannel = function refuseChannel(): never {
  throw insecure()
}

/** A global object's property that cannot even be read. */
const unreadable: unique symbol = Symbol('unreadable')

/** What each browser does, as measured (docs/browsers.md): Chromium 156 and Firefox 153 with site data blocked, and others. */
export const refusals: Readonly<Record<string, Refusal>> = {
  'Chromium with site data blocked': {
    indexedDB: refusingDatabases('by the request'),
    navigator: {
      userAgentData: {},
      locks: refusingLocks,
      storage: { persisted: async () => false, estimate: async () => ({ quota: 1, usage: 0 }) },
      serviceWorker: refusingContainer(notSupported),
    },
    localStorage: unreadable,
    caches: { open: refuse(insecure) },
  },
  'Firefox with site data blocked': {
    indexedDB: refusingDatabases('at once'),
    navigator: {
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
      locks: refusingLocks,
      storage: { persisted: async () => false, estimate: async () => ({ quota: 1, usage: 0 }) },
      serviceWorker: refusingContainer(insecure),
    },
    BroadcastChannel: RefusedChannel,
    localStorage: unreadable,
    caches: { open: refuse(insecure) },
  },
  'a frame without an origin': {
    indexedDB: refusingDatabases('at once'),
    navigator: { userAgentData: {}, locks: refusingLocks, storage: unreadable, serviceWorker: unreadable },
    localStorage: unreadable,
    caches: unreadable,
  },
  'a WebView with its databases off': {
    indexedDB: null,
    navigator: { userAgent: 'FieldNotes/3.1' },
    localStorage: null,
  },
  'a browser that does not even let its databases be asked for': {
    indexedDB: unreadable,
    navigator: { userAgentData: {}, locks: unreadable, storage: unreadable, serviceWorker: unreadable },
    BroadcastChannel: RefusedChannel,
    localStorage: unreadable,
  },
}

/** A page or worker without https, where the browser has no such things. */
export const withoutHttps: Refusal = {
  isSecureContext: false,
  navigator: { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0' },
  caches: undefined,
}

/** The browser is like this from now on, until `vi.unstubAllGlobals`. */
export function stubBrowser(refusal: Refusal): void {
  for (const [name, value] of Object.entries(refusal)) {
    if (value === unreadable) stubUnreadable(name)
    else if (name === 'navigator') vi.stubGlobal(name, readable(value as object))
    else vi.stubGlobal(name, value)
  }
}

function readable(parts: object): object {
  const object = {}
  for (const [name, value] of Object.entries(parts)) {
    Object.defineProperty(object, name, value === unreadable ? { get: throwing(insecure) } : { value })
  }
  return object
}

function stubUnreadable(name: string): void {
  // So that it is put back with the others.
  vi.stubGlobal(name, null)
  Object.defineProperty(globalThis, name, { configurable: true, get: throwing(insecure) })
}
