import type { Page } from '@playwright/test'
import type { ProfileDevice } from './device.ts'

/** Work by which the page's process is told from the others. */
const BUSY_MS = 400
/** A page that is not stopped answers in some milliseconds. */
const SILENT_MS = 1_000
const MOST_ATTEMPTS = 3

/**
 * Stops the process in which a page and its worker run, as a system does that suspends an app: in the middle of whatever it does, with
 * its locks and transactions. Chromium only. Returns how to let it go on.
 */
export async function stopProcessOf(device: ProfileDevice, page: Page): Promise<() => void> {
  const browser = device.context.browser()
  if (browser === null) throw new Error('this context has no browser of its own')
  const session = await browser.newBrowserCDPSession()
  const read = async (): Promise<ReadonlyMap<number, number>> => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]))
  }
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const before = await read()
    await page.evaluate((busyMs) => {
      const endMs = performance.now() + busyMs
      while (performance.now() < endMs);
    }, BUSY_MS)
    const after = await read()
    // Not those that were started meanwhile: the browser keeps one in reserve.
    const used = [...before].map(([pid, time]) => ({ pid, time: (after.get(pid) ?? 0) - time }))
    const [busiest] = used.toSorted((a, b) => b.time - a.time)
    if (busiest === undefined) throw new Error('no renderer is there')
    process.kill(busiest.pid, 'SIGSTOP')
    const goOn = (): void => void process.kill(busiest.pid, 'SIGCONT')
    if (!(await answers(page))) {
      await session.detach()
      return goOn
    }
    // On a busy machine another one may have worked more.
    goOn()
  }
  throw new Error('the process of the page could not be told from the others')
}

/** True if the page still does what it is asked. */
async function answers(page: Page): Promise<boolean> {
  const answer = page.evaluate(() => true)
  // It comes when the process goes on, or not at all.
  answer.catch(() => undefined)
  const silence = new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), SILENT_MS)
  })
  return Promise.race([answer, silence])
}
