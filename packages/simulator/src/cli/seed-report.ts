import type { Failure } from '../story.ts'

/** What a worker tells of a seed. */
export interface SeedReport {
  readonly seed: number
  readonly failures: readonly Failure[]
  readonly counts: readonly (readonly [string, number])[]
}
