import { parentPort, workerData } from 'node:worker_threads'
import type { StoreKind } from '../plan.ts'
import { simulateSeed } from '../simulate.ts'
import type { SeedReport } from './seed-report.ts'

/** One seed in so many is run twice: it must tell the same story. */
const TWICE = 10

const port = parentPort
const store = workerData as StoreKind
if (port === null) throw new Error('this file is run by the pool, as a worker')

port.on('message', (seed: number) => {
  run(seed).then(
    (report) => port.postMessage(report),
    (error: unknown) => port.postMessage({ seed, failures: [{ invariant: 'S24', text: String(error) }], counts: [] }),
  )
})

async function run(seed: number): Promise<SeedReport> {
  const { failures, counts, hash } = await simulateSeed(seed, { store })
  const all = [...failures]
  const more: [string, number][] = []
  if (seed % TWICE === 0) {
    more.push(['seeds run twice', 1])
    const again = await simulateSeed(seed, { store })
    if (again.hash !== hash) all.push({ invariant: 'S24', text: 'the same seed told another story the second time' })
  }
  return { seed, failures: all, counts: [...counts, ...more] }
}
