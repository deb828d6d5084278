import 'fake-indexeddb/auto'
import { expose } from 'comlink'
import { IDBFactory } from 'fake-indexeddb'
import { collection, defineSchema, type JsonObject, type StandardSchema } from 'web-sync-protocol'
import { vi } from 'vitest'
import { createPartner } from '../../../web-sync-server/src/partner.ts'
import type { Partner, PartnerOptions } from '../../../web-sync-server/src/partner-types.ts'
import { memoryStorage } from '../../../web-sync-server/src/storage/memory-storage.ts'
import { createBrowserEnvironment } from '../worker/browser-environment.ts'
import { installErrorTransfer } from '../worker/error-transfer.ts'
import type { WorkerEnvironment } from '../worker/environment.ts'
import { createWorkerApi } from '../worker/host.ts'
import { openSpace } from './open-space.ts'
import type { Space, SpaceOptions } from './space.ts'

export { until } from '../testing/until.ts'

/** A note of the tests. */
export interface Note {
  readonly id: string
  readonly text: string
  readonly tags?: readonly string[]
}

/** Notes need a text that is a string. */
const noteValidator: StandardSchema<Note> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof (value as JsonObject)['text'] === 'string'
        ? { value: value as Note }
        : { issues: [{ message: 'must be a string', path: ['text'] }] },
  },
}

/** The schema of the tests. */
export const schema = defineSchema({
  app: 'test',
  version: 1,
  collections: {
    notes: collection<Note>(noteValidator, { indexes: { byText: ['text'] } }),
    plain: collection<{ readonly id: string; readonly size?: number }>(null),
  },
})

type Collections = (typeof schema)['collections']

/** A partner, and the tabs that ask it, in one process: the real partner, real workers' code, real channels and locks. */
export interface World {
  /** The browser’s localStorage. */
  readonly remembered: Map<string, string>
  readonly partner: Partner
  /** The hosts that have asked, in order. */
  readonly hosts: string[]
  /** False: requests fail as they do without a network. */
  isOnline: boolean
  /** False: requests are answered 401. */
  isSignedIn: boolean
  /** As the hosts call it. */
  fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Starts a tab's worker. */
  createWorker(): Worker
  /** Ends all workers that run now, as a browser does without telling anybody: what they were asked is never answered. */
  killWorkers(): void
  /** Opens a space in a tab of its own. */
  open(account: string, options?: Partial<SpaceOptions<Collections>>): Promise<Space<Collections>>
  /** Sends an event to all pages. */
  dispatch(type: 'online' | 'offline'): void
  close(): Promise<void>
}

/** Makes a world; give each test one, with a space of its own. */
export function createWorld(name: string, options: Partial<PartnerOptions> = {}): World {
  const spaces: Space<Collections>[] = []
  const workers = new Set<() => void>()
  const page = new EventTarget()
  vi.stubGlobal('indexedDB', new IDBFactory())
  vi.stubGlobal('location', { href: 'http://app.test/' })
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  const remembered = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => remembered.get(key) ?? null,
    setItem: (key: string, value: string) => remembered.set(key, value),
    removeItem: (key: string) => remembered.delete(key),
  })
  installErrorTransfer()
  const world: World = {
    remembered,
    hosts: [],
    isOnline: true,
    isSignedIn: true,
    partner: createPartner({
      schema,
      storage: memoryStorage(),
      authenticate: async (request) => {
        const account = request.headers.get('x-account')
        return world.isSignedIn && account !== null ? { account } : null
      },
      authorize: () => 'write',
      ...options,
    }),
    fetch: async (url, init) => {
      if (!world.isOnline) throw new TypeError('no network')
      const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : null
      if (body !== null) world.hosts.push((body as { readonly host: string }).host)
      return world.partner.fetch(new Request(url, init))
    },
    createWorker: () => createTab(world, workers),
    killWorkers: () => {
      for (const end of workers) end()
    },
    open: async (account, more = {}) => {
      const space = await openSpace({
        schema,
        space: name,
        account,
        endpoint: '/sync',
        getAuth: async () => ({ 'x-account': account }),
        createWorker: () => world.createWorker(),
        ...more,
      })
      spaces.push(space)
      return space
    },
    dispatch: (type) => void page.dispatchEvent(new Event(type)),
    close: async () => {
      await Promise.all(spaces.map((space) => space.close()))
      await world.partner.close()
    },
  }
  return world
}

/** The worker's code behind a channel instead of a thread; the page cannot tell. When it ends, so do its locks and its requests. */
function createTab(world: World, workers: Set<() => void>): Worker {
  const { port1, port2 } = new MessageChannel()
  const browser = createBrowserEnvironment()
  const ended = new AbortController()
  const end = (): void => {
    ended.abort()
    port1.close()
    workers.delete(end)
  }
  const untilEnd = new Promise<never>((_resolve, reject) => {
    ended.signal.addEventListener('abort', () => reject(new Error('the worker has ended')))
  })
  untilEnd.catch(ignore)
  const environment: WorkerEnvironment = {
    ...browser,
    lock: {
      hold: (name, options, work) => {
        const held = browser.lock.hold(name, options, () => Promise.race([work(), untilEnd]))
        held.catch(ignore)
        return held
      },
    },
    fetch: (url, init) => Promise.race([world.fetch(url, init), untilEnd]),
  }
  expose(createWorkerApi(environment), port2)
  workers.add(end)
  return Object.assign(port1, { terminate: end }) as unknown as Worker
}

function ignore(): void {
  // Nobody has to hear of it.
}
