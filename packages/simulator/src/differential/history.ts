import { Chance } from '../chance.ts'

/** One step of a history. All that it draws comes from its own seed, so that leaving others out changes nothing in it. */
export interface Step {
  readonly type: StepType
  readonly seed: number
}

/** How often each kind of step is drawn. */
const WEIGHTS = {
  ask: 30,
  pull: 14,
  lost: 6,
  'own-write': 10,
  'set-back': 4,
  'fresh-device': 4,
  collections: 3,
  time: 3,
  prune: 2,
  'erase-account': 1,
} as const

/** What may happen. */
type StepType = keyof typeof WEIGHTS

/** The steps of a history: the same for the same seed. */
export function drawSteps(seed: number): readonly Step[] {
  const chance = new Chance(seed)
  const count = 12 + chance.integer(24)
  return Array.from({ length: count }, () => ({ type: chance.weighted(WEIGHTS), seed: chance.seed() }))
}
