/** Runs the store's contract suite in this browser: in a worker, where the store lives in an app, too. */
import { trusted } from './trusted.ts'

/** What came of it. */
export interface SuiteResult {
  readonly passed: number
  readonly failures: readonly string[]
}

declare global {
  // A declaration for the scenario; `var` is the only form that makes it a property of the page.
  var runContract: () => Promise<SuiteResult>
}

/** Vite looks for this very text; see {@link trusted}. */
const Worker = trusted(globalThis.Worker)

globalThis.runContract = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./contract-worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', ({ data }: MessageEvent<SuiteResult>) => resolve(data))
    worker.addEventListener('error', ({ message }) => reject(new Error(message)))
  })
