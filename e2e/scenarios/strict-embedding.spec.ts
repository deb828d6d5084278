import { openApp } from '../support/app.ts'
import { needs } from '../support/capabilities.ts'
import { expect, test, type World } from '../support/world.ts'

/** Every test of these suites ends with a look at what was collected; these show that there would be something to see. */

test('what a page does against the policy is seen, Trusted Types included', async ({ world }) => {
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  expect(world.takeViolations()).toEqual([])

  // From a timer: what a debugger runs by itself is not under the policy.
  await page.evaluate(() => {
    setTimeout(() => {
      document.body.innerHTML = '<b>'
    }, 0)
  })
  await untilSeen(world, /require-trusted-types-for/)
  await page.evaluate(() => fetch('http://page.invalid/').catch(() => undefined))
  // The browser's report, the event, and the console: each goes its own way.
  const ways = [
    /blocked-uri":"http:\/\/page/,
    /policy: connect-src http:\/\/page/,
    /page\.invalid\S* (because it )?violates/,
  ]
  await untilSeen(world, ...ways)
  // The refused HTML may be told as an error, too.
  expect(world.takeErrors().filter((error) => !/TrustedHTML|innerHTML/.test(error))).toEqual([])
})

test('what the worker or the service worker does against the policy is seen', async ({ world, browserName }) => {
  needs(browserName, 'service-worker handle')
  const device = await world.newDevice()
  const page = await openApp(device, { account: 'ada' })
  const [worker] = page.workers()
  const [serviceWorker] = device.context.serviceWorkers()
  expect([worker, serviceWorker]).not.toContain(undefined)
  expect(world.takeViolations()).toEqual([])
  await worker?.evaluate(() => fetch('http://worker.invalid/').catch(() => undefined))
  await untilSeen(world, /blocked-uri":"http:\/\/worker/)
  await serviceWorker?.evaluate(() => fetch('http://service-worker.invalid/').catch(() => undefined))
  await untilSeen(world, /blocked-uri":"http:\/\/service-worker/)
})

async function untilSeen(world: World, ...texts: readonly RegExp[]): Promise<void> {
  let seen = ''
  const missing = (): readonly RegExp[] => {
    seen += world.takeViolations().join('\n')
    return texts.filter((text) => !text.test(seen))
  }
  await expect.poll(missing).toEqual([])
}
