import type { Page } from '@playwright/test'
import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

/** Steps of 10 ms that a visible tab makes while a hidden one is looked at: several of the seconds that the mildest throttling gives a turn in. */
const STEPS = 300
/** Until the browser calls the tab hidden for long. */
const MOST_UNTIL_THROTTLED_MS = 60_000

test('a tab is hidden and its timers stand still: its worker syncs on, both ways, also after an outage, and a visible tab is not held up', async ({
  world,
}) => {
  test.slow()
  const { server, proxy } = world
  const device = await world.newThrottledDevice()
  const hidden = await device.openPage()
  // Without a service worker: it might do the work.
  await hidden.evaluate(() => app.signIn('ada').then(() => app.open({ account: 'ada' })))
  await hidden.evaluate(() => app.space.upToDate())
  await hidden.evaluate(() => {
    globalThis.shownIds = []
    app.space.space.collections.notes.query().subscribe(({ records }) => {
      globalThis.shownIds = records.map(({ id }) => id)
    })
    globalThis.steps = 0
    const step = (): void => {
      globalThis.steps += 1
      setTimeout(step, 10)
    }
    step()
  })
  const front = await device.openInFrontOf(hidden, '/blank')
  expect(await hidden.evaluate(() => document.hidden)).toBe(true)
  // The browser really does it: no turn for the hidden tab's timers while the visible one's had hundreds.
  await expect
    .poll(() => countSteps(hidden, () => makeSteps(front)), { timeout: MOST_UNTIL_THROTTLED_MS, intervals: [0] })
    .toBe(0)

  const elsewhere = await openApp(await world.newDevice(), { account: 'bob' })
  await elsewhere.evaluate(() => app.space.addNote('n1', 'a colleague’s').then(() => app.space.upToDate()))
  await expect.poll(() => hidden.evaluate(() => globalThis.shownIds)).toEqual(['n1'])

  await hidden.evaluate(async () => {
    const write = app.space.space.collections.notes.insert({ id: 'n2', text: 'by the hidden tab' })
    await write
    await write.accepted
  })

  proxy.setMode('refuse')
  await hidden.evaluate(() => app.space.addNote('n3', 'without a network').then(() => app.space.reached('waiting')))
  const before = server.exchanges.length
  proxy.setMode('up')
  // Nothing but a timer of its own can have made it try again.
  await server.waitForExchange((event) => event.mutations.accepted === 1, before)

  await front.goto(new URL('/', hidden.url()).href)
  await front.evaluate(() => app.open({ account: 'ada' }).then(() => app.space.upToDate()))
  await front.evaluate(async () => {
    const write = app.space.space.collections.notes.insert({ id: 'n4', text: 'by the visible tab' })
    await write
    await write.accepted
  })
  await expect.poll(() => hidden.evaluate(() => globalThis.shownIds)).toEqual(['n1', 'n2', 'n3', 'n4'])
  const fingerprint = await server.call('fingerprint', 'team')
  for (const tab of [hidden, front]) {
    await tab.evaluate(() => app.space.upToDate())
    expect(await tab.evaluate(() => app.space.fingerprint())).toBe(fingerprint)
    expect(await tab.evaluate(() => app.faults)).toEqual([])
  }
  expect((await server.call('log', 'team')).map(({ id }) => id)).toEqual(['n1', 'n2', 'n3', 'n4'])
  // It was never shown in between.
  expect(await hidden.evaluate(() => document.hidden)).toBe(true)
})

/** Turns that a tab's timers get meanwhile. */
async function countSteps(tab: Page, meanwhile: () => Promise<void>): Promise<number> {
  const before = await tab.evaluate(() => globalThis.steps)
  await meanwhile()
  return (await tab.evaluate(() => globalThis.steps)) - before
}

/** Lets the timers of a tab have {@link STEPS} turns. */
async function makeSteps(tab: Page): Promise<void> {
  await tab.evaluate(async (count) => {
    for (let step = 0; step < count; step += 1) await new Promise((resolve) => void setTimeout(resolve, 10))
  }, STEPS)
}

declare global {
  // Set by the script above.
  var shownIds: readonly string[]
  var steps: number
}
