import type { Plan, Step } from './plan.ts'
import { withoutDecision } from './recording.ts'
import { type SeedResult, simulatePlan } from './simulate.ts'

/** Runs that a shrinking may take. */
const MAX_RUNS = 600

/** A smaller plan that breaks the same promise, and how it goes. */
export interface Shrunk {
  readonly plan: Plan
  readonly result: SeedResult
}

/**
 * Makes a failing plan smaller: leaves out steps, first many at once and then one by one, then single decisions of races, classes and
 * devices; keeps whatever still breaks the same promise. Each decision has its own seed, so what is left goes on as it went.
 */
export async function shrink(plan: Plan, run: (plan: Plan) => Promise<SeedResult> = simulatePlan): Promise<Shrunk> {
  let best: Shrunk = { plan, result: await run(plan) }
  const wanted = new Set(best.result.failures.map(({ invariant }) => invariant))
  let runs = 0
  const tryPlan = async (smaller: Plan): Promise<boolean> => {
    if (runs >= MAX_RUNS) return false
    runs += 1
    const result = await run(smaller)
    if (!result.failures.some(({ invariant }) => wanted.has(invariant))) return false
    best = { plan: smaller, result }
    return true
  }
  if (best.result.failures.length === 0) return best
  for (let size = Math.ceil(plan.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = best.plan.steps.length - size; start > -size; start -= size) {
      const { steps } = best.plan
      const from = Math.max(0, start)
      await tryPlan({ ...best.plan, steps: [...steps.slice(0, from), ...steps.slice(start + size)] })
    }
  }
  await shrinkRaces(() => best.plan, tryPlan)
  for (const name of best.plan.classes) {
    await tryPlan({ ...best.plan, classes: best.plan.classes.filter((other) => other !== name) })
  }
  while (best.plan.devices > 1 && (await tryPlan({ ...best.plan, devices: best.plan.devices - 1 })));
  return best
}

async function shrinkRaces(current: () => Plan, tryPlan: (plan: Plan) => Promise<boolean>): Promise<void> {
  for (let index = current().steps.length - 1; index >= 0; index -= 1) {
    for (let inner = (current().steps[index]?.length ?? 0) - 1; inner >= 1; inner -= 1) {
      const plan = current()
      const step = plan.steps[index] as Step
      await tryPlan({ ...plan, steps: plan.steps.with(index, withoutDecision(step, inner)) })
    }
  }
}
