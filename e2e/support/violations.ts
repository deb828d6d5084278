import type { BrowserContext, Page, Worker } from '@playwright/test'

/** Begins what the browser's own report of a violation is told with. */
const MARK = 'violation of the policy:'

/** What may go wrong in a browser without any test asking for it. */
export interface Watch {
  /** Violations of the content security policy (Trusted Types are part of it), in pages, workers and service workers. */
  readonly violations: string[]
  /** Errors and rejections that nobody caught. */
  readonly errors: string[]
}

/**
 * Collects what happens in all contexts of a browser, from now on: the event `securitypolicyviolation` where the driver lets us listen,
 * and what the browser itself says in a console. The policy's `report-uri` is the second net: the servers of the tests collect it.
 */
export async function watchContext(context: BrowserContext, watch: Watch): Promise<void> {
  const isViolation = (text: string): boolean =>
    text.startsWith(MARK) || /Content[- ]Security[- ]Policy|TrustedScript|TrustedHTML/i.test(text)
  // Firefox tells of a violation as of an error that nobody caught.
  context.on('weberror', (error) => {
    const text = String(error.error())
    ;(isViolation(text) ? watch.violations : watch.errors).push(text)
  })
  context.on('console', (message) => {
    if (isViolation(message.text())) watch.violations.push(message.text())
  })
  const listenIn = (worker: Worker): void => {
    // One that has ended meanwhile, or that the driver has no hand on, has the second net only.
    worker.evaluate(listen, MARK).catch(() => undefined)
  }
  const watchPage = (page: Page): void => void page.on('worker', listenIn)
  context.on('page', watchPage)
  for (const page of context.pages()) watchPage(page)
  context.on('serviceworker', listenIn)
  for (const worker of context.serviceWorkers()) listenIn(worker)
  await context.addInitScript(listen, MARK)
}

/** Runs in the browser. */
function listen(mark: string): void {
  addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) => {
    console.error(mark, effectiveDirective, blockedURI, sourceFile)
  })
}
