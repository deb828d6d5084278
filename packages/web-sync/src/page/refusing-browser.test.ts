import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Lock, SYNC_TAG, WAKE_MESSAGE } from '../contract/index.ts'
import { attachTo } from '../service-worker/attach-sync.ts'
import { createBrowserEnvironment as createServiceWorkerEnvironment } from '../service-worker/browser-environment.ts'
import type { MessageEventLike, ServiceWorkerScope, SyncEventLike } from '../service-worker/events.ts'
import { createWebLock } from '../platform/web-lock.ts'
import { createBrowserEnvironment } from '../worker/browser-environment.ts'
import { createWorkerApi } from '../worker/host.ts'
import { newMutationId } from './mutation-id.ts'
import { registerServiceWorker } from './register.ts'
import { RefusedChannel, refusals, refusingLocks, stubBrowser, withoutHttps } from './refusing-browser.fixture.ts'
import { createWorld, schema, until, type World } from './tabs.fixture.ts'

let world: World
let count = 0
/** Rejections that nobody has caught. */
let unhandled: unknown[]

const note = (error: unknown): void => void unhandled.push(error)

/** Rejections are told of when all that was queued is done. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => void setImmediate(resolve))
}

beforeEach(() => {
  count += 1
  world = createWorld(`refusing-${count}`)
  unhandled = []
  process.on('unhandledRejection', note)
})

afterEach(async () => {
  await world.close()
  await settle()
  process.off('unhandledRejection', note)
  vi.unstubAllGlobals()
})

describe.each(Object.entries(refusals))('%s', (_browser, refusal) => {
  beforeEach(() => stubBrowser(refusal))

  test('opening a space says storage-forbidden, each time, and leaves no rejection behind', async () => {
    await expect(world.open('ann')).rejects.toMatchObject({ name: 'SyncError', code: 'storage-forbidden' })
    await expect(world.open('ann')).rejects.toMatchObject({ name: 'SyncError', code: 'storage-forbidden' })
    await settle()
    expect(unhandled).toEqual([])
    expect(world.hosts).toEqual([])
  })

  test('a service worker’s events end, and are not repeated', async () => {
    const waits: Promise<unknown>[] = []
    const listeners = new Map<string, (event: SyncEventLike & MessageEventLike) => void>()
    const scope: ServiceWorkerScope = {
      addEventListener: (type: string, listener: (event: SyncEventLike & MessageEventLike) => void) =>
        void listeners.set(type, listener),
      removeEventListener: () => undefined,
      registration: { sync: { register: () => Promise.reject(new DOMException('no', 'NotAllowedError')) } },
    }
    const attached = attachTo(scope, {
      schema,
      endpoint: '/sync',
      createEnvironment: createServiceWorkerEnvironment,
      baseUrl: 'http://app.test/sw.js',
    })
    const event = { tag: SYNC_TAG, data: WAKE_MESSAGE, waitUntil: (work: Promise<unknown>) => void waits.push(work) }
    listeners.get('sync')?.(event)
    listeners.get('message')?.(event)
    expect(await Promise.all(waits)).toEqual([undefined, undefined])
    expect(await attached.run('sync-event')).toBe(true)
    await settle()
    expect(unhandled).toEqual([])
  })

  test('there is no service worker to register, and that is no error', async () => {
    vi.stubGlobal('window', globalThis)
    Object.assign(document, { readyState: 'complete' })
    const registered = await registerServiceWorker({ url: '/sw.js' })
    expect(registered.registration).toBeNull()
    registered.activateUpdate()
    registered.stop()
    await settle()
    expect(unhandled).toEqual([])
  })
})

test('a worker that gets no lock to show that it lives says so to the page, once', async () => {
  const lock: Lock = { hold: () => Promise.reject(new DOMException('no', 'SecurityError')) }
  const api = createWorkerApi({ ...createBrowserEnvironment(), lock })
  await expect(api.hold('alive')).rejects.toMatchObject({ name: 'SecurityError' })
  await settle()
  expect(unhandled).toEqual([])
})

/** Two tabs that write, by turns; what each shows in the end. */
async function syncTwoTabs(): Promise<readonly string[]> {
  const shown: string[] = []
  const [first, second] = [await world.open('ann'), await world.open('ann')]
  await first.collections.notes.insert({ id: 'a', text: 'by the first' }).accepted
  await second.collections.notes.insert({ id: 'b', text: 'by the second' }).accepted
  for (const tab of [first, second]) {
    tab.retry()
    await until(tab.status, ({ state, pending }) => state === 'idle' && pending === 0)
    shown.push((await tab.collections.notes.query().all()).map(({ id }) => id).join())
  }
  await Promise.all([first.close(), second.close()])
  await settle()
  return shown
}

describe('what only makes things quicker may be refused: everything works', () => {
  test('locks', async () => {
    stubBrowser({ navigator: { locks: refusingLocks } })
    expect(await syncTwoTabs()).toEqual(['a,b', 'a,b'])
    expect(unhandled).toEqual([])
  })

  test('channels', async () => {
    vi.stubGlobal('BroadcastChannel', RefusedChannel)
    expect(await syncTwoTabs()).toEqual(['a,b', 'a,b'])
    expect(unhandled).toEqual([])
  })

  test('service workers, storage’s health and localStorage', async () => {
    const { localStorage, navigator } = refusals['a frame without an origin'] ?? {}
    stubBrowser({ localStorage, navigator })
    expect(await syncTwoTabs()).toEqual(['a,b', 'a,b'])
    expect(unhandled).toEqual([])
  })

  test('a page without https', async () => {
    stubBrowser(withoutHttps)
    // The partner of the test, which is here too, has more.
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto), subtle: crypto.subtle })
    expect(newMutationId()).toMatch(/^[0-9a-f-]{36}$/)
    expect(await syncTwoTabs()).toEqual(['a,b', 'a,b'])
    expect(unhandled).toEqual([])
    expect((await registerServiceWorker({ url: '/sw.js' })).registration).toBeNull()
  })
})

/** A door that somebody waits at. */
function createDoor(): { readonly opened: Promise<void>; readonly open: () => void } {
  const target = new EventTarget()
  return {
    opened: new Promise((resolve) => target.addEventListener('open', () => resolve())),
    open: () => void target.dispatchEvent(new Event('open')),
  }
}

test('where locks are refused, the users of one context still take turns', async () => {
  const lock = createWebLock(refusingLocks)
  const order: string[] = []
  const door = createDoor()
  const first = lock.hold('a', { ifAvailable: false }, async () => {
    order.push('first begins')
    await door.opened
    order.push('first ends')
  })
  const second = lock.hold('a', { ifAvailable: false }, async () => void order.push('second'))
  await settle()
  expect(await lock.hold('a', { ifAvailable: true }, async () => 'never')).toBeNull()
  expect(order).toEqual(['first begins'])
  door.open()
  await Promise.all([first, second])
  expect(order).toEqual(['first begins', 'first ends', 'second'])
})

test('where nobody can be asked, a holder that takes its time is not taken for a frozen one', async () => {
  vi.stubGlobal('BroadcastChannel', RefusedChannel)
  let timers = 0
  vi.stubGlobal('setTimeout', (fire: () => void) => {
    timers += 1
    setImmediate(fire)
  })
  const lock = createWebLock(navigator.locks)
  const name = `unasked-${count}`
  const door = createDoor()
  const first = lock.hold(name, { ifAvailable: false }, async () => {
    await door.opened
    return 'whole'
  })
  const second = lock.hold(name, { ifAvailable: false }, async () => 'after it')
  await settle()
  expect(timers).toBeGreaterThan(0)
  expect((await navigator.locks.query()).held?.filter((held) => held.name === name)).toHaveLength(1)
  door.open()
  expect(await Promise.all([first, second])).toEqual(['whole', 'after it'])
})
