import { expect, it } from 'vitest'
import { makePlan } from './plan.ts'
import { simulatePlan, simulateSeed } from './simulate.ts'

/** Counted exchanges of the lane in each unit run; more: `pnpm simulate --store idb`. */
const EXCHANGES = 300

it('keeps every promise on the code for IndexedDB too', { timeout: 60_000 }, async () => {
  let exchanges = 0
  for (let seed = 1; exchanges < EXCHANGES; seed += 1) {
    const { failures, counts } = await simulateSeed(seed, { store: 'idb' })
    expect({ seed, failures }).toEqual({ seed, failures: [] })
    expect(counts.get('store idb')).toBe(1)
    exchanges += counts.get('exchanges') ?? 0
  }
})

it(
  'tells the same story for the same seed, with processes that race in one database',
  { timeout: 60_000 },
  async () => {
    const plan = makePlan(3, { store: 'idb' })
    expect(plan.classes).toContain('at once')
    expect(plan.steps.some((step) => step.length > 1)).toBe(true)
    const [first, second] = [await simulatePlan(plan), await simulatePlan(plan)]
    expect(second.story).toEqual(first.story)
  },
)

it('has no power loss: a process dies where the power would fail', () => {
  const plans = Array.from({ length: 100 }, (_, seed) => [makePlan(seed), makePlan(seed, { store: 'idb' })] as const)
  expect(plans.some(([plan]) => plan.classes.includes('power loss'))).toBe(true)
  for (const [plan, onIdb] of plans) {
    expect(onIdb.classes).not.toContain('power loss')
    expect(onIdb.storage).toBe('memory')
    expect(onIdb.steps.flat().filter(({ action }) => action === 'power fails')).toEqual([])
    expect(onIdb.steps.map((step) => step.length)).toEqual(plan.steps.map((step) => step.length))
  }
})
