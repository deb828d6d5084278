import { describe, expect, it } from 'vitest'
import { makePlan } from './plan.ts'
import { shrink } from './shrink.ts'
import { type SeedResult, simulatePlan } from './simulate.ts'
import { FAULT_CLASSES } from './swarm.ts'

describe('a simulation', () => {
  it('tells the same story for the same seed, to the letter', async () => {
    const [first, second] = [await simulatePlan(makePlan(12)), await simulatePlan(makePlan(12))]
    expect(second.story).toEqual(first.story)
    expect(second.hash).toBe(first.hash)
  })

  it('has at least two devices and three classes of faults, whatever the seed; every class comes in some world', () => {
    const plans = Array.from({ length: 200 }, (_, seed) => makePlan(seed, { later: true }))
    expect(Math.min(...plans.map((plan) => plan.devices))).toBeGreaterThanOrEqual(2)
    expect(Math.min(...plans.map((plan) => plan.classes.length))).toBeGreaterThanOrEqual(3)
    expect(new Set(plans.flatMap((plan) => plan.classes)).size).toBe(FAULT_CLASSES.length)
  })

  it('is made smaller to the decisions that matter', async () => {
    const plan = makePlan(3)
    const culprits = plan.steps
      .flat()
      .filter(({ action }) => action === 'sync')
      .slice(0, 2)
    const run = async (tried: typeof plan): Promise<SeedResult> => {
      const isBroken = culprits.every((culprit) => tried.steps.flat().includes(culprit))
      const failures = isBroken ? [{ invariant: 'S2' as const, text: 'both are there' }] : []
      return { seed: 3, failures, counts: new Map(), story: [], hash: 0 }
    }
    const { plan: small } = await shrink(plan, run)
    expect(small.steps.flat()).toEqual(culprits)
  })
})
