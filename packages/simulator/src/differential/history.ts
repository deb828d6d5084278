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

/**
 * What a history dwells on, by turns: one of everything in many steps, and short ones in which few kinds of steps meet again and again.
 * What only these can bring about would otherwise be drowned, as in the simulator (see swarm.ts).
 */
const PROFILES: readonly Profile[] = [
  { steps: 12, more: 24, weights: {} },
  // A device leaves collections out, and goes on behind logs that are longer than what is read ahead.
  { steps: 8, more: 8, weights: { collections: 25, pull: 30, 'own-write': 25, ask: 10, 'fresh-device': 0 } },
  // First syncs of much, in pages of all sizes.
  { steps: 6, more: 6, weights: { 'fresh-device': 25, pull: 30, 'own-write': 25, ask: 10, 'set-back': 0 } },
  // What was answered is pruned, and comes again.
  { steps: 16, more: 16, weights: { ask: 40, pull: 8, 'own-write': 2, 'fresh-device': 0, time: 20, prune: 15 } },
]

interface Profile {
  readonly steps: number
  readonly more: number
  /** In place of those of {@link WEIGHTS}. */
  readonly weights: Readonly<Partial<Record<StepType, number>>>
}

/** The steps of a history: the same for the same seed. */
export function drawSteps(seed: number): readonly Step[] {
  const chance = new Chance(seed)
  const { steps, more, weights } = PROFILES[seed % PROFILES.length] as Profile
  const count = steps + chance.integer(more)
  return Array.from({ length: count }, () => ({
    type: chance.weighted({ ...WEIGHTS, ...weights }),
    seed: chance.seed(),
  }))
}
