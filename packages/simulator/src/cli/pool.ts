import { Worker } from 'node:worker_threads'
import type { StoreKind } from '../plan.ts'
import type { SeedReport } from './seed-report.ts'

/**
 * Runs seeds in several workers and hands their reports over in order of the seeds, so that a run does not depend on how many workers
 * there are. `take` says whether to go on.
 */
export async function runSeeds(
  firstSeed: number,
  jobs: number,
  take: (report: SeedReport) => boolean,
  store: StoreKind = 'memory',
): Promise<void> {
  const workers = Array.from(
    { length: jobs },
    () => new Worker(new URL('./worker.ts', import.meta.url), { workerData: store }),
  )
  let nextSeed = firstSeed
  let nextReport = firstSeed
  let isOver = false
  const waiting = new Map<number, SeedReport>()
  try {
    await new Promise<void>((resolve, reject) => {
      for (const worker of workers) {
        worker.on('error', reject)
        worker.on('message', (report: SeedReport) => {
          if (isOver) return
          waiting.set(report.seed, report)
          for (let due = waiting.get(nextReport); due !== undefined && !isOver; due = waiting.get(nextReport)) {
            waiting.delete(nextReport)
            nextReport += 1
            isOver = !take(due)
          }
          if (isOver) return resolve()
          worker.postMessage(nextSeed)
          nextSeed += 1
        })
        worker.postMessage(nextSeed)
        nextSeed += 1
      }
    })
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
