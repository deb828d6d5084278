import { measure, type Measured, type Stage } from './phases.ts'

/** Each step offers so much more than the one before. */
const STEP = 1.25
const STEP_SECONDS = 10
const MAX_STEPS = 20

/**
 * More and more, until the server falls behind what is offered or its own p99 is beyond `maxP99Ms`, twice in a row: one step alone may be
 * somebody else's work on the same cores. All steps, those that failed last.
 */
export async function climb(
  stage: Stage,
  from: number,
  pushShare: number,
  maxP99Ms: number,
): Promise<readonly Measured[]> {
  const steps: Measured[] = []
  let failed = 0
  for (let perSecond = from; steps.length < MAX_STEPS; perSecond *= STEP) {
    const step = await measure(stage, { perSecond, seconds: STEP_SECONDS, pushShare, withLooks: false })
    steps.push(step)
    const isBehind = step.skipped > 0 || step.answeredPerSecond < step.offeredPerSecond * 0.95
    failed = isBehind || step.server.ownMs.p99 > maxP99Ms ? failed + 1 : 0
    if (failed === 2) break
  }
  return steps
}
