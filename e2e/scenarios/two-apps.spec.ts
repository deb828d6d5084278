import { type BrowserContext, expect, type Page, test as base } from '@playwright/test'
import type { CollectionsByName } from 'web-sync-protocol'
import type { Space } from 'web-sync'
import {
  buildExample,
  createExampleApp,
  type ExampleApp,
  ExampleSite,
  type TextChange,
} from '../support/example-site.ts'
import { findServiceWorker } from '../support/service-worker.ts'

/**
 * The README's app, twice, under two names: same address of the partner, account, space and service
 * worker's script.
 */

declare global {
  // A declaration for the tests; `var` is the only form that makes it a property of the page.
  var space: Space<CollectionsByName>
}

interface Scene {
  readonly site: ExampleSite
  /** Uncaught errors of the pages. */
  readonly errors: readonly string[]
  readonly createApp: (name: string, changes?: readonly TextChange[]) => ExampleApp
  readonly open: (path: string) => Promise<Page>
}

const test = base.extend<{ scene: Scene }, { built: ReadonlyMap<string, string> }>({
  built: [async ({}, use) => use(await buildExample()), { scope: 'worker' }],
  scene: async ({ context, built }, use) => {
    const site = new ExampleSite()
    await site.open()
    const errors: string[] = []
    const apps: ExampleApp[] = []
    await use({
      site,
      errors,
      createApp: (name, changes = []) => {
        const app = createExampleApp(built, { name, changes })
        apps.push(app)
        return app
      },
      open: (path) => openPage(context, site.origin + path, errors),
    })
    expect(errors, 'uncaught errors of the pages').toEqual([])
    await context.close()
    await site.close()
    for (const { partner } of apps) await partner.close()
  },
})

test('two apps one after the other on one port: each finds its own, unsent writes too, and a sign-out of one leaves the other', async ({
  scene,
  browserName,
}) => {
  const [one, two] = [scene.createApp('one'), scene.createApp('two')]
  scene.site.serve((path) => ({ app: one, path }))
  const first = await scene.open('/')
  await save(first, 'accepted in one')
  await expect(first.locator('output')).toHaveText('idle, 0 to send, 0 refused')
  await first.evaluate(() => navigator.serviceWorker.ready)
  one.isUp = false
  await save(first, 'unsent in one')
  await expect(first.locator('output')).toHaveText(/ 1 to send/)
  await first.close()

  scene.site.serve((path) => ({ app: two, path }))
  const other = await scene.open('/')
  await expect(other.locator('output')).toHaveText('idle, 0 to send, 0 refused')
  await expect(other.locator('li')).toHaveCount(0)
  await save(other, 'of two')
  await expect(other.locator('output')).toHaveText('idle, 0 to send, 0 refused')
  await expect(other.locator('li')).toHaveText(['of two'])
  // What the browser owes to the first one's service worker now wakes the second one's.
  if (browserName === 'chromium') await (await findServiceWorker(other)).dispatchSync('web-sync')
  const { salvage, written } = await other.evaluate(() => globalThis.space.status.getSnapshot())
  expect({ salvage, written }).toEqual({ salvage: 0, written: 1 })
  expect(await signOut(other)).toEqual({ type: 'removed', spaces: [NOTHING_UNSENT] })
  await other.close()
  await expectOnlyOwn(two, 1, 'in one')

  scene.site.serve((path) => ({ app: one, path }))
  one.isUp = true
  const again = await scene.open('/')
  await expect(again.locator('li')).toHaveText(['accepted in one', 'unsent in one'])
  await expect(again.locator('output')).toHaveText('idle, 0 to send, 0 refused')
  await expectOnlyOwn(one, 2, 'of two')
})

test('two apps at once under two paths of one origin: no store, entry, lock, notice or sign-out is shared', async ({
  scene,
}) => {
  const [one, two] = [scene.createApp('one'), scene.createApp('two')]
  // Both ask at /sync: whatever asks from below /two/ is the second one's, and the service worker
  // is the first one's.
  scene.site.serve((path, referrer) => {
    if (path.startsWith('/two/')) return { app: two, path: path.slice('/two'.length) }
    if (path.startsWith('/one/')) return { app: one, path: path.slice('/one'.length) }
    return { app: path.startsWith('/sync') && referrer.startsWith('/two/') ? two : one, path }
  })
  const [first, second] = [await scene.open('/one/'), await scene.open('/two/')]
  for (const page of [first, second]) await save(page, page === first ? 'in one' : 'of two')
  for (const page of [first, second]) await expect(page.locator('output')).toHaveText('idle, 0 to send, 0 refused')
  await expect(first.locator('li')).toHaveText(['in one'])
  await expect(second.locator('li')).toHaveText(['of two'])

  const names = await readRegistry(first)
  expect([...names.keys()].toSorted()).toEqual(['one', 'two'])
  expect(await storesOf(first)).toEqual([...names.values()].toSorted())
  // Each has the lock of its own stream: neither waits for the other's.
  await expect.poll(() => eventLocks(first)).toEqual({ held: 2, pending: 0 })

  await listen(first, names)
  await save(second, 'more of two')
  await expect.poll(async () => (await heard(first)).two).toContain('more of two')
  await save(first, 'more in one')
  await expect.poll(async () => (await heard(first)).one).toContain('more in one')
  const notices = await heard(first)
  expect(notices.one).not.toContain('of two')
  expect(notices.two).not.toContain('in one')

  const noteOfOne = `web-sync:synced:${names.get('one')?.slice('web-sync-'.length)}`
  expect(await signOut(second)).toEqual({ type: 'removed', spaces: [NOTHING_UNSENT] })
  expect([...(await readRegistry(first)).keys()]).toEqual(['one'])
  expect(await storesOf(first)).toEqual([names.get('one')])
  expect(await first.evaluate(() => Object.keys(localStorage))).toEqual([noteOfOne])
  await save(first, 'still in one')
  await expect(first.locator('output')).toHaveText('idle, 0 to send, 0 refused')
  await expect(first.locator('li')).toHaveText(['in one', 'more in one', 'still in one'])
  await expectOnlyOwn(one, 3, 'of two')
  await expectOnlyOwn(two, 2, 'in one')
})

const NOTHING_UNSENT = { space: 'team-1', unsent: 0, salvaged: 0, isComplete: true }

async function openPage(context: BrowserContext, address: string, errors: string[]): Promise<Page> {
  const page = await context.newPage()
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(address)
  // Until the app's script has run to its end, a click on Save only submits the form.
  await expect(page.locator('output')).not.toBeEmpty()
  return page
}

/** Resolves when the note is stored and shown: the form is emptied then. */
async function save(page: Page, text: string): Promise<void> {
  const input = page.getByLabel('New note')
  await input.fill(text)
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(input).toHaveValue('')
  await expect(page.locator('li', { hasText: text })).toHaveCount(1)
}

function signOut(page: Page): Promise<unknown> {
  return page.evaluate(() => globalThis.space.signOut({ unsent: 'send-first' }))
}

/**
 * The partner has this many notes, and no ask under its own app's name carried data of the other app.
 * Asks that the other app still sent after the address changed hands carry that app's name, and the
 * partner refuses them.
 */
async function expectOnlyOwn({ name, partner, asked }: ExampleApp, notes: number, foreign: string): Promise<void> {
  expect((await partner.inspect('team-1')).digest['notes']?.count).toBe(notes)
  const own = asked.filter((body) => body.includes(`"app":"${name}"`))
  expect(own.length).toBeGreaterThan(0)
  expect(own.filter((body) => body.includes(foreign))).toEqual([])
}

/** Names of databases by the apps that are registered. */
async function readRegistry(page: Page): Promise<ReadonlyMap<string, string>> {
  const rows = await page.evaluate(
    () =>
      new Promise<{ app: string; dbName: string }[]>((resolve, reject) => {
        const opening = indexedDB.open('web-sync-registry')
        opening.addEventListener('error', () => reject(new Error('the registry is not there')))
        opening.addEventListener('success', () => {
          const reading = opening.result.transaction('stores').objectStore('stores').getAll()
          reading.addEventListener('success', () => {
            opening.result.close()
            resolve(reading.result as { app: string; dbName: string }[])
          })
        })
      }),
  )
  return new Map(rows.map(({ app, dbName }) => [app, dbName]))
}

/** Names of the databases that are stores. */
function storesOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(async () => {
    const names = (await indexedDB.databases()).map(({ name = '' }) => name)
    return names.filter((name) => /^web-sync-[0-9a-f]{32}/.test(name)).toSorted()
  })
}

function eventLocks(page: Page): Promise<{ readonly held: number; readonly pending: number }> {
  return page.evaluate(async () => {
    const { held = [], pending = [] } = await navigator.locks.query()
    const count = (locks: readonly LockInfo[]): number =>
      locks.filter(({ name }) => name?.startsWith('web-sync:events:')).length
    return { held: count(held), pending: count(pending) }
  })
}

interface Heard {
  readonly one: string
  readonly two: string
}

/** Collects what is said on the channels of both stores. */
async function listen(page: Page, names: ReadonlyMap<string, string>): Promise<void> {
  await page.evaluate(
    (entries) => {
      const said: Record<string, string> = {}
      for (const [app, dbName] of entries) {
        said[app] = ''
        const channel = new BroadcastChannel(`web-sync:notices:${dbName}`)
        channel.addEventListener('message', ({ data }) => (said[app] += JSON.stringify(data)))
      }
      Object.assign(globalThis, { said })
    },
    [...names],
  )
}

function heard(page: Page): Promise<Heard> {
  return page.evaluate(() => (globalThis as unknown as { readonly said: Heard }).said)
}
