import { type BrowserContext, type CDPSession, expect, type Page, type Worker } from '@playwright/test'
import type { Device } from './device.ts'

/** The service worker of a page's origin, through the page's debugger. */
export interface ServiceWorkerHandle {
  /** Fires a `sync` event, as the browser does when connectivity is back. */
  dispatchSync(tag: string, lastChance?: boolean): Promise<void>
  /** Ends the worker, as the browser does with one that is idle. */
  stop(): Promise<void>
}

/**
 * Finds the service worker of an origin, by default of the page's; the page need not be one of the
 * app's, so this works with all of the app's tabs closed. The debugger of the whole browser does
 * not offer it.
 */
export async function findServiceWorker(page: Page, origin = new URL(page.url()).origin): Promise<ServiceWorkerHandle> {
  const session = await page.context().newCDPSession(page)
  const registrationId = waitForRegistration(session, origin)
  const versionId = waitForVersion(session, origin)
  await session.send('ServiceWorker.enable')
  const found = { registrationId: await registrationId, versionId: await versionId }
  return {
    dispatchSync: async (tag, lastChance = false) => {
      await session.send('ServiceWorker.dispatchSyncEvent', {
        origin,
        registrationId: found.registrationId,
        tag,
        lastChance,
      })
    },
    stop: async () => {
      await session.send('ServiceWorker.stopWorker', { versionId: found.versionId })
    },
  }
}

/**
 * The Background Sync events that the app's service worker has begun since it runs, as it says
 * itself. Chromium only.
 */
export async function countSyncEvents(context: BrowserContext): Promise<number> {
  return (await runningWorker(context)).evaluate(() => globalThis.syncEvents)
}

/**
 * Resolves when the app's service worker has begun so many Background Sync events since it runs.
 * Chromium only.
 */
export async function haveSyncEvents(context: BrowserContext, count: number): Promise<void> {
  await (await runningWorker(context)).evaluate((events) => globalThis.haveSyncEvents(events), count)
}

/** The app's service worker: the one that runs, or the next that is started. */
async function runningWorker(context: BrowserContext): Promise<Worker> {
  return context.serviceWorkers()[0] ?? context.waitForEvent('serviceworker')
}

function waitForRegistration(session: CDPSession, origin: string): Promise<string> {
  return new Promise((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find(({ scopeURL, isDeleted }) => scopeURL.startsWith(origin) && !isDeleted)
      if (ours !== undefined) resolve(ours.registrationId)
    })
  })
}

function waitForVersion(session: CDPSession, origin: string): Promise<string> {
  return new Promise((resolve) => {
    session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      const ours = versions.find(({ scriptURL, status }) => scriptURL.startsWith(origin) && status === 'activated')
      if (ours !== undefined) resolve(ours.versionId)
    })
  })
}

/** Closes a tab; resolves when its workers are gone too, which lasts a little longer: until then they may still send. */
export async function closeWithWorkers(device: Device, page: Page): Promise<void> {
  const browser = device.context.browser()
  if (browser === null) throw new Error('this context has no browser of its own')
  const session = await browser.newBrowserCDPSession()
  const { origin } = new URL(page.url())
  const countWorkers = async (): Promise<number> => {
    const { targetInfos } = await session.send('Target.getTargets')
    return targetInfos.filter(({ type, url }) => type === 'worker' && url.startsWith(origin)).length
  }
  expect(await countWorkers()).toBeGreaterThan(0)
  await page.close()
  await expect.poll(countWorkers).toBe(0)
  await session.detach()
}

declare global {
  // Set by the test app's service worker.
  var syncEvents: number
  var haveSyncEvents: (count: number) => Promise<void>
}
