import type { Chance } from './chance.ts'

/** Classes of faults; each seed draws which of them exist in its world, so that rare ones are not drowned by the others. */
export const FAULT_CLASSES = [
  'lost',
  'cut',
  'twice',
  'late',
  'not our partner',
  'refusing',
  'kill',
  'power loss',
  'disk full',
  'at once',
  'clone',
  'set back',
  'restore',
  'wipe',
  'durable',
  'partner crash',
  'standby',
  'prune',
  'eviction',
  'own write',
  'access',
  'sign-in',
  'schema',
  'id reused',
  'poison',
  'clock',
  'wrong clock',
  'little undo',
  'odd values',
  'foreign key',
  'app throws',
  'policies',
] as const

/** A class of faults. */
export type FaultClass = (typeof FAULT_CLASSES)[number]

/** The fewest classes that a seed has. */
const MIN_CLASSES = 3

/** Classes that would make a promise void together: what was called durable must not be lost. */
const EXCLUSIVE: readonly (readonly [FaultClass, FaultClass])[] = [['wipe', 'durable']]

/** Draws the classes of a seed: sometimes few, sometimes nearly all. */
export function drawClasses(chance: Chance): readonly FaultClass[] {
  const share = chance.pick([0.15, 0.3, 0.5, 0.8])
  const drawn = new Set(FAULT_CLASSES.filter(() => chance.happens(share)))
  while (drawn.size < MIN_CLASSES) drawn.add(chance.pick(FAULT_CLASSES))
  for (const [one, other] of EXCLUSIVE) if (drawn.has(one)) drawn.delete(other)
  while (drawn.size < MIN_CLASSES) drawn.add(chance.pick(['lost', 'cut', 'twice', 'kill']))
  return FAULT_CLASSES.filter((name) => drawn.has(name))
}
