import { parentPort, workerData } from 'node:worker_threads'
import { LANES, type Place, type Share } from './lanes.ts'

/** What a worker is told: which lane, which share of it, and when it has to stop (milliseconds since 1970). */
export interface LaneTask {
  readonly lane: number
  readonly share: Share
  readonly endsAtMs: number
}

/** What a worker tells of each place, and at its end. */
export type LaneNews =
  | { readonly type: 'place'; readonly place: Place }
  | { readonly type: 'end'; readonly isWhole: boolean }

async function work({ lane, share, endsAtMs }: LaneTask): Promise<boolean> {
  for await (const place of LANES[lane]?.run(share) ?? []) {
    parentPort?.postMessage({ type: 'place', place } satisfies LaneNews)
    if (Date.now() > endsAtMs) return false
  }
  return true
}

const isWhole = await work(workerData as LaneTask)
parentPort?.postMessage({ type: 'end', isWhole } satisfies LaneNews)
