import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SYNC_TAG, WAKE_MESSAGE } from '../contract/index.ts'
import { createWorld, schema, until, type World } from '../page/tabs.fixture.ts'
import { makeDbName } from '../store/db-name.ts'
import { attachTo, type AttachedSync, type AttachOptions } from './attach-sync.ts'
import { createBrowserEnvironment } from './browser-environment.ts'
import type { MessageEventLike, ServiceWorkerScope, SyncEventLike } from './events.ts'

let world: World
let count = 0

beforeEach(() => {
  count += 1
  world = createWorld(`site-${count}`)
})

afterEach(async () => {
  await world.close()
})

/** A service worker's global scope, with the events dispatched by hand. */
interface FakeScope {
  readonly attached: AttachedSync
  readonly tags: string[]
  /** Resolves or rejects as the event's waitUntil does; null: nothing was waited for. */
  sync(tag: string): Promise<unknown> | null
  message(data: unknown): Promise<unknown> | null
}

function startServiceWorker(options: Partial<AttachOptions> = {}): FakeScope {
  const tags: string[] = []
  const listeners = new Map<string, (event: SyncEventLike & MessageEventLike) => void>()
  const scope: ServiceWorkerScope = {
    addEventListener: (type: string, listener: (event: SyncEventLike & MessageEventLike) => void) => {
      listeners.set(type, listener)
    },
    removeEventListener: (type: string) => void listeners.delete(type),
    registration: { sync: { register: async (tag: string) => void tags.push(tag) } },
  }
  const attached = attachTo(scope, {
    schema,
    endpoint: '/sync',
    getAuth: async ({ account }) => ({ 'x-account': account }),
    createEnvironment: () => ({ ...createBrowserEnvironment(), fetch: (url, init) => world.fetch(url, init) }),
    baseUrl: 'http://app.test/sw.js',
    ...options,
  })
  const dispatch = (type: string, facts: { tag: string; data: unknown }): Promise<unknown> | null => {
    let waited: Promise<unknown> | null = null
    listeners.get(type)?.({ ...facts, waitUntil: (work) => (waited = work) })
    return waited
  }
  return {
    attached,
    tags,
    sync: (tag) => dispatch('sync', { tag, data: null }),
    message: (data) => dispatch('message', { tag: '', data }),
  }
}

/** Writes without a network, then closes the tab. */
async function writeOffline(): Promise<string> {
  world.isOnline = false
  const tab = await world.open('ann')
  const write = tab.collections.notes.insert({ id: 'a', text: 'from the field' })
  await write
  await until(tab.status, ({ state }) => state === 'waiting')
  await tab.close()
  return write.mutationId
}

async function textAtPartner(): Promise<unknown> {
  return (await world.partner.read(`site-${count}`, 'notes', 'a'))?.value['text']
}

test('with all tabs closed the sync event delivers what was written offline', async () => {
  const mutationId = await writeOffline()
  world.isOnline = true
  await startServiceWorker().sync(SYNC_TAG)
  expect(await textAtPartner()).toBe('from the field')
  expect(new Set(world.hosts)).toEqual(new Set(['service-worker']))
  const tab = await world.open('ann')
  await tab.write(mutationId).accepted
})

test('a sync event that could not deliver fails, so that the browser repeats it', async () => {
  await writeOffline()
  const serviceWorker = startServiceWorker()
  await expect(serviceWorker.sync(SYNC_TAG)).rejects.toThrow('writes are left')
  world.isOnline = true
  await serviceWorker.sync(SYNC_TAG)
  expect(await textAtPartner()).toBe('from the field')
})

test('a wake message delivers, and never fails; what is left becomes a sync event', async () => {
  await writeOffline()
  const serviceWorker = startServiceWorker()
  await serviceWorker.message(WAKE_MESSAGE)
  expect(serviceWorker.tags).toEqual([SYNC_TAG])
  world.isOnline = true
  await serviceWorker.message(WAKE_MESSAGE)
  expect(await textAtPartner()).toBe('from the field')
  expect(serviceWorker.tags).toEqual([SYNC_TAG])
})

test('an address with a fragment names the same store for page and service worker', async () => {
  world.isOnline = false
  const tab = await world.open('ann', { endpoint: '/sync#page' })
  await tab.collections.notes.insert({ id: 'a', text: 'from the field' })
  await tab.close()
  world.isOnline = true
  await startServiceWorker({ endpoint: '/sync#service-worker' }).sync(SYNC_TAG)
  expect(await textAtPartner()).toBe('from the field')
})

test('an event brings first what the bound of exchanges allows, and the next ones the rest', async () => {
  await writeOffline()
  world.isOnline = true
  const serviceWorker = startServiceWorker({ maxExchanges: 1 })
  let attempts = 0
  while ((await textAtPartner()) === undefined && attempts < 10) {
    attempts += 1
    await serviceWorker.attached.run('sync-event')
  }
  expect(await textAtPartner()).toBe('from the field')
  expect(world.hosts.length).toBe(attempts)
})

test('a getAuth that never answers lets go of the lock in time, and the next event delivers', async () => {
  await writeOffline()
  world.isOnline = true
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    let failing: Promise<unknown> = Promise.resolve(null)
    await new Promise<void>((resolve) => {
      const getAuth = (): Promise<never> => {
        resolve()
        return new Promise(() => undefined)
      }
      // Its rejection is looked at below, when time has passed.
      failing = Promise.resolve(startServiceWorker({ getAuth }).sync(SYNC_TAG)).catch(String)
    })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await failing).toContain('writes are left')
  } finally {
    vi.useRealTimers()
  }
  await startServiceWorker().sync(SYNC_TAG)
  expect(await textAtPartner()).toBe('from the field')
})

test('the app’s own events are left alone', () => {
  const serviceWorker = startServiceWorker()
  expect(serviceWorker.sync('my-own-tag')).toBeNull()
  expect(serviceWorker.message({ type: 'SKIP_WAITING' })).toBeNull()
  expect(serviceWorker.message(null)).toBeNull()
})

test('while a tab runs, the service worker yields', async () => {
  await writeOffline()
  world.isOnline = true
  const endpoint = 'http://app.test/sync'
  const [entry] = await createBrowserEnvironment().listSpaces(schema.app, endpoint)
  expect(entry).toMatchObject({ app: schema.app, endpoint, account: 'ann', usesAuth: true })
  const dbName = makeDbName({ app: schema.app, endpoint, account: 'ann', space: `site-${count}` })
  const serviceWorker = startServiceWorker()
  await navigator.locks.request(`web-sync:${dbName}`, async () => {
    expect(await serviceWorker.attached.run('sync-event')).toBe(false)
  })
  expect(world.hosts).toEqual([])
  expect(await serviceWorker.attached.run('sync-event')).toBe(true)
})

test('a space whose page signs by headers is left to its page where the service worker cannot sign', async () => {
  await writeOffline()
  world.isOnline = true
  const { getAuth: _unused, ...parts } = { getAuth: null, createEnvironment: createBrowserEnvironment }
  const scope: ServiceWorkerScope = {
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    registration: {},
  }
  const attached = attachTo(scope, { schema, endpoint: '/sync', baseUrl: 'http://app.test/sw.js', ...parts })
  expect(await attached.run('sync-event')).toBe(true)
  const tab = await world.open('ann')
  expect(tab.status.getSnapshot().halt).toBeNull()
})

test('a tab that is open shows what the service worker brought', async () => {
  const tab = await world.open('ann')
  await until(tab.status, ({ isPartial, state }) => !isPartial && state === 'idle')
  world.isOnline = false
  const write = tab.collections.notes.insert({ id: 'b', text: 'delivered elsewhere' })
  await until(tab.status, ({ state, pending }) => state === 'waiting' && pending === 1)
  world.isOnline = true
  await startServiceWorker().sync(SYNC_TAG)
  await write.accepted
  await until(tab.status, ({ pending }) => pending === 0)
  expect(world.hosts).toContain('service-worker')
})
