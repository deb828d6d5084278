/**
 * Takes the README's pictures from a running demo with fresh data:
 *
 *   npm start -- --data /some/empty/folder
 *   node demo-app/scripts/screenshots.mjs http://localhost:8787/ docs/images
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { findChromium } from '../../scripts/browsers.mjs'

const [url = 'http://localhost:8787/', folder = 'docs/images'] = process.argv.slice(2)
const desktop = { width: 1280, height: 800 }
const phone = { width: 390, height: 844 }
const profiles = []

mkdirSync(folder, { recursive: true })
try {
  await take()
} finally {
  for (const { context, directory } of profiles) {
    await context.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function take() {
  const ada = await open()
  await shoot(ada, 'sign-in-desktop-light', desktop, 'light')
  await signIn(ada, 'Ada')
  await ada.waitForFunction(
    () => (globalThis['__fieldNotes']?.spaces.places.status.getSnapshot().progress?.done ?? 0) > 40_000,
    null,
    { timeout: 300_000 },
  )
  await shoot(ada, 'first-sync-phone-light', phone, 'light')
  await shoot(ada, 'first-sync-desktop-dark', desktop, 'dark')
  await ada.waitForFunction(
    () => globalThis['__fieldNotes'].spaces.places.status.getSnapshot().isPartial === false,
    null,
    { timeout: 600_000 },
  )

  const ben = await open()
  await signIn(ben, 'Ben')
  await findPlace(ada, 'vienna')
  await write(
    ada,
    'Fog until ten, then clear. The lower path along the canal is closed at the second bridge; go round by the east bank and keep left at the mill.',
  )
  await idle(ada)
  await ben.evaluate(() => globalThis['__fieldNotes'].spaces.team.retry())
  await ben.getByTestId('note').first().waitFor()
  await ben.getByTestId('note').first().getByRole('button', { name: 'Vienna' }).waitFor()
  await ben.evaluate(async () => {
    const { team } = globalThis['__fieldNotes'].spaces
    const [note] = await team.collections.notes.query({ index: 'byTime', direction: 'desc', limit: 1 }).all()
    await team.collections.notes.insert({
      ...note,
      id: crypto.randomUUID(),
      author: 'ben',
      text: 'Bridge is open again since Tuesday. Counted eleven herons below the weir.',
      createdAt: Date.now(),
    }).accepted
  })
  await ben.context().close()
  await ada.getByRole('button', { name: 'I was here' }).click()
  await write(ada, 'The forbidden valley is best seen from the north.')
  await ada.getByText('1 refused write').waitFor()
  await idle(ada)
  await trouble(ada, { isCut: true })
  await write(ada, 'Written with no network at all: the reed beds are cut back, the hide is dry.')
  await ada.getByText('No exchange with the server').waitFor()
  await ada.getByTestId('toast').waitFor({ state: 'hidden' })
  await show(ada, 'Attention')
  await top(ada)
  await shoot(ada, 'offline-desktop-light', desktop, 'light')
  await shoot(ada, 'offline-desktop-dark', desktop, 'dark')
  await ada.setViewportSize(phone)
  await show(ada, 'Notes')
  await shoot(ada, 'notes-phone-light', phone, 'light', 250)
  await shoot(ada, 'notes-phone-dark', phone, 'dark', 250)
  await show(ada, 'Attention')
  await shoot(ada, 'attention-phone-light', phone, 'light')

  await trouble(ada, { isCut: false })
  await ada.evaluate(() => globalThis['__fieldNotes'].actions.syncNow())
  await idle(ada)
  await ada.evaluate(async () => {
    const { team } = globalThis['__fieldNotes'].spaces
    const [note] = await team.collections.notes.query({ limit: 1 }).all()
    for (let made = 0; made < 9; made += 1) {
      const { placeId, placeName } = note
      await team.collections.visits.insert({
        id: crypto.randomUUID(),
        placeId,
        placeName,
        author: 'ada',
        at: Date.now(),
      }).accepted
    }
  })
  await ada.evaluate(() =>
    fetch('/demo/trouble/restore', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"ago":6}',
    }),
  )
  await ada.evaluate(() => globalThis['__fieldNotes'].actions.syncNow())
  await ada.waitForFunction(async () =>
    (await globalThis['__fieldNotes'].spaces.team.inspect()).exchanges.some((one) => one.result.startsWith('rollback')),
  )
  await idle(ada)
  await show(ada, 'Under the hood')
  await ada.locator('#hood circle.lost').first().waitFor()
  await shoot(ada, 'hood-phone-light', phone, 'light')
  await shoot(ada, 'hood-after-rollback-desktop-light', desktop, 'light')
  await shoot(ada, 'hood-after-rollback-desktop-dark', desktop, 'dark')
  await show(ada, 'Make trouble')
  await ada.getByRole('heading', { name: 'Make trouble' }).waitFor()
  await shoot(ada, 'trouble-phone-dark', phone, 'dark')
}

async function open() {
  const directory = mkdtempSync(join(tmpdir(), 'field-notes-'))
  const context = await chromium.launchPersistentContext(directory, {
    executablePath: findChromium(),
    viewport: desktop,
  })
  profiles.push({ context, directory })
  const page = context.pages()[0] ?? (await context.newPage())
  await page.goto(`${url}?test`)
  await page.getByRole('button', { name: 'Ada' }).waitFor()
  return page
}

async function signIn(page, name) {
  await page.getByRole('button', { name }).click()
  await page.locator('.place-row').first().waitFor()
}

async function findPlace(page, text) {
  await page.getByRole('searchbox').fill(text)
  await page
    .locator('.place-row', { hasText: /^Vienna/ })
    .first()
    .click()
}

async function write(page, text) {
  await page.getByLabel('New note').fill(text)
  await page.getByRole('button', { name: 'Save note' }).click()
  await page.waitForFunction(() => document.querySelector('#draft').value === '')
}

async function idle(page) {
  await page.waitForFunction(() => {
    const { state, pending } = globalThis['__fieldNotes'].spaces.team.status.getSnapshot()
    return state === 'idle' && pending === 0
  })
}

async function trouble(page, body) {
  await page.evaluate(
    (order) => fetch('/demo/trouble', { method: 'POST', headers: { 'content-type': 'application/json' }, body: order }),
    JSON.stringify(body),
  )
  await page.evaluate(() => globalThis['__fieldNotes'].actions.syncNow())
}

async function show(page, name) {
  await page.getByRole('navigation').getByRole('button', { name, exact: false }).click()
}

async function top(page, scrolledBy = 0) {
  await page.evaluate((by) => {
    for (const column of document.querySelectorAll('.column')) column.scrollTop = by
    document.activeElement?.blur()
  }, scrolledBy)
}

async function shoot(page, name, viewport, colorScheme, scrolledBy = 0) {
  await page.setViewportSize(viewport)
  await page.emulateMedia({ colorScheme })
  await settled(page)
  await top(page, scrolledBy)
  await settled(page)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  console.log(`${name}.png`)
}

/** Two frames have been drawn, and no transition is under way. */
async function settled(page) {
  await page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise((resolve) => void requestAnimationFrame(resolve))
    const transitions = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity)
    await Promise.allSettled(transitions.map(({ finished }) => finished))
  })
}
