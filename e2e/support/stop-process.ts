import type { Page } from '@playwright/test'
import type { ProfileDevice } from './device.ts'

/** Work by which the page's process is told from the others. */
const BUSY_MS = 400

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
  const before = await read()
  await page.evaluate((busyMs) => {
    const endMs = performance.now() + busyMs
    while (performance.now() < endMs);
  }, BUSY_MS)
  const used = [...(await read())].map(([pid, time]) => ({ pid, time: time - (before.get(pid) ?? 0) }))
  const [busiest] = used.toSorted((a, b) => b.time - a.time)
  if (busiest === undefined) throw new Error('no renderer is there')
  process.kill(busiest.pid, 'SIGSTOP')
  await session.detach()
  return () => void process.kill(busiest.pid, 'SIGCONT')
}
