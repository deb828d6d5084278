import type { Browser, Page } from '@playwright/test'
// For the declaration of `app`, which the app's page offers.
import type { TestApp } from '../../../e2e/app/main.ts'
import { type Device as Window, openDevice } from '../../../e2e/support/device.ts'
import { type Device, type Promised, type ShownRecord, unacceptedOf } from './device.ts'
import type { NodeOwner } from './node-device.ts'

/** How long a person looks whether a write arrives before the next one. */
const PATIENCE_MS = 250

/** The whole product in a real browser: page, worker, IndexedDB. It syncs by itself too; `sync` only ends its waits. */
export class BrowserDevice implements Device {
  readonly name: string
  readonly #window: Window
  readonly #page: Page

  private constructor(name: string, window: Window, page: Page) {
    this.name = name
    this.#window = window
    this.#page = page
  }

  static async open({ name, account, space, origin }: NodeOwner, browser: Browser): Promise<BrowserDevice> {
    const window = await openDevice(browser, origin)
    const page = await window.openPage()
    await page.evaluate((who: Parameters<TestApp['open']>[0]) => app.signIn(who.account).then(() => app.open(who)), {
      account,
      space,
    })
    return new BrowserDevice(name, window, page)
  }

  async insert(recordId: string): Promise<Promised> {
    const note = { id: recordId, text: `note of ${this.name}` }
    const mutationId = await this.#page.evaluate(({ id, text }) => app.space.addNote(id, text), note)
    return { mutationId, device: this.name, recordId, mark: null }
  }

  async mark(recordId: string): Promise<Promised> {
    const mark = crypto.randomUUID()
    // The app's notes have no such field; the partner and the store take what is there.
    const patch = { id: recordId, value: { marks: { [mark]: true } } as object }
    const mutationId = await this.#page.evaluate(({ id, value }) => app.space.patchNote(id, value), patch)
    return { mutationId, device: this.name, recordId, mark }
  }

  async sync(): Promise<void> {
    await this.#page.evaluate(async (patienceMs) => {
      app.space.retry()
      const tired = new Promise((resolve) => {
        setTimeout(resolve, patienceMs)
      })
      await Promise.race([app.space.upToDate(), tired])
    }, PATIENCE_MS)
  }

  isUpToDate(): Promise<boolean> {
    return this.#page.evaluate(async () => {
      const { counts, isSettled, isResyncing, memory } = await app.space.inspect()
      return isSettled && !isResyncing && counts.pending === 0 && memory.wait === null && memory.halt === null
    })
  }

  async unaccepted(): Promise<ReadonlyMap<string, 'waiting' | 'refused'>> {
    const { outbox, refused } = await this.#page.evaluate(async () => {
      return { outbox: (await app.space.inspect()).outbox, refused: await app.space.refused() }
    })
    return unacceptedOf(outbox, refused)
  }

  kept(): Promise<readonly string[]> {
    return this.#page.evaluate(async () => {
      const { outbox, journal } = await app.space.inspect()
      return [...outbox, ...journal].map(({ mutationId }) => mutationId)
    })
  }

  records(): Promise<readonly ShownRecord[]> {
    return this.#page.evaluate(async () => {
      const { notes, places } = app.space.space.collections
      const shown: { collection: string; value: never }[] = []
      for (const value of await notes.query().all()) shown.push({ collection: 'notes', value: value as never })
      for (const value of await places.query().all()) shown.push({ collection: 'places', value: value as never })
      return shown
    })
  }

  async refused(): Promise<readonly string[]> {
    const entries = await this.#page.evaluate(() => app.space.refused())
    return entries.map(({ mutationId }) => mutationId)
  }

  salvaged(): Promise<readonly ShownRecord[]> {
    return this.#page.evaluate(() => app.space.salvage())
  }

  async resets(): Promise<{ rollbacks: number; resyncs: number }> {
    const results = (await this.#page.evaluate(() => app.space.exchanges())).map(({ result }) => result)
    const count = (word: string): number => results.filter((result) => result.startsWith(word)).length
    return { rollbacks: count('rollback'), resyncs: count('resync') }
  }

  async close(): Promise<void> {
    await this.#window.close()
  }
}
