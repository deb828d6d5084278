import type { Chance } from './chance.ts'

const FIRST_CLASSES = [
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

/** Drawn from a source of their own, so that what a seed drew before there were these stays as it was. */
const LATER_CLASSES = ['service worker', 'sign-out', 'nulls'] as const

/** Classes of faults; each seed draws which of them exist in its world, so that rare ones are not drowned by the others. */
export const FAULT_CLASSES: readonly FaultClass[] = [...FIRST_CLASSES, ...LATER_CLASSES]

/** A class of faults. */
export type FaultClass = (typeof FIRST_CLASSES)[number] | (typeof LATER_CLASSES)[number]

/** The fewest classes that a seed has. */
const MIN_CLASSES = 3

/** Classes that would make a promise void together: what was called durable must not be lost. */
const EXCLUSIVE: readonly (readonly [FaultClass, FaultClass])[] = [['wipe', 'durable']]

/** Draws the classes of a seed: sometimes few, sometimes nearly all. */
export function drawClasses(chance: Chance): readonly FaultClass[] {
  const share = chance.pick([0.15, 0.3, 0.5, 0.8])
  const drawn = new Set<FaultClass>(FIRST_CLASSES.filter(() => chance.happens(share)))
  while (drawn.size < MIN_CLASSES) drawn.add(chance.pick(FIRST_CLASSES))
  for (const [one, other] of EXCLUSIVE) if (drawn.has(one)) drawn.delete(other)
  while (drawn.size < MIN_CLASSES) drawn.add(chance.pick(['lost', 'cut', 'twice', 'kill']))
  return FIRST_CLASSES.filter((name) => drawn.has(name))
}

/** Draws those of the later classes; half of the worlds have none. */
export function drawLaterClasses(chance: Chance): readonly FaultClass[] {
  const share = chance.pick([0, 0, 0.4, 0.8])
  return LATER_CLASSES.filter(() => chance.happens(share))
}

/** True for a class that is drawn by {@link drawLaterClasses}. */
export function isLater(name: FaultClass | null): boolean {
  return LATER_CLASSES.some((later) => later === name)
}
