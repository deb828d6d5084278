import type { CreateContestant } from '../contestant.ts'
import { createInWorker } from '../limits/in-worker.ts'

/** See `limits/worker.ts`. */
export const createContestant: CreateContestant = () => createInWorker('rows')
