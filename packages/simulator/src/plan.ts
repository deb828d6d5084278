import { type ActionName, actionOf, ACTIONS } from './actions/index.ts'
import { Chance } from './chance.ts'
import { drawClasses, drawLaterClasses, type FaultClass, isLater } from './swarm.ts'

/** One thing that happens; all that is drawn while it does comes from its own seed. */
export interface Decision {
  readonly action: ActionName
  readonly seed: number
}

/** What happens at once, in an interleaving drawn from the first one's seed; mostly one thing alone. */
export type Step = readonly Decision[]

/** What the devices keep their rows in: memory, or the real IndexedDB code on fake-indexeddb. */
export type StoreKind = 'memory' | 'idb'

/** Everything that decides how a simulation goes: recorded, it can be replayed and shrunk. */
export interface Plan {
  readonly seed: number
  readonly classes: readonly FaultClass[]
  readonly devices: number
  /** The partner's storage. */
  readonly storage: 'memory' | 'sqlite'
  /** Default: memory. */
  readonly store?: StoreKind
  readonly steps: readonly Step[]
}

/** Steps of the phase in which things go wrong. */
const STEPS = 120
/** The share of the steps beside which an action of a later class happens, and what its source is begun with. */
const LATER_SHARE = 0.12
const LATER_SALT = 0x1a7e7
/** One seed in so many runs on SQLite. */
const SQLITE_SHARE = 40

/** How a plan is made beside its seed. */
export interface PlanOptions {
  /** Default: memory. */
  readonly store?: StoreKind
  /** The world has just these classes of faults; default: they are drawn. */
  readonly only?: readonly FaultClass[]
  /** True: the later classes are drawn too. Default: false, until long runs with them are clean. */
  readonly later?: boolean
}

/** The plan of a seed. */
export function makePlan(seed: number, { store = 'memory', only, later = false }: PlanOptions = {}): Plan {
  const plan = drawPlan(seed, only, later)
  return store === 'idb' ? toIdbPlan(plan) : plan
}

/**
 * The same plan on IndexedDB. Its transactions are durable or not as the platform likes, which fake-indexeddb does not imitate: where
 * power would fail, a process dies. The partner is in memory: checks compare it with a device inside a transaction of the device, and
 * one of IndexedDB ends by itself while SQLite is waited for.
 */
function toIdbPlan(plan: Plan): Plan {
  const classes = new Set(plan.classes.map((name) => (name === 'power loss' ? 'kill' : name)))
  const steps = plan.steps.map((step) =>
    step.map((decision): Decision => (decision.action === 'power fails' ? { ...decision, action: 'kill' } : decision)),
  )
  return { ...plan, store: 'idb', storage: 'memory', classes: [...classes], steps }
}

function drawPlan(seed: number, only: readonly FaultClass[] | undefined, hasLater: boolean): Plan {
  const chance = new Chance(seed ^ 0x5eed)
  const later = new Chance(seed ^ LATER_SALT)
  const classes = only ?? [...drawClasses(chance), ...(hasLater ? drawLaterClasses(later) : [])]
  const [laterNames, firstNames] = [true, false].map((wanted) => {
    return (Object.keys(ACTIONS) as ActionName[]).filter(
      (name) => isIn(name, classes) && isLater(actionOf(name).class) === wanted,
    )
  }) as [ActionName[], ActionName[]]
  const storage = seed % SQLITE_SHARE === 0 ? 'sqlite' : 'memory'
  // Files are copied and opened by threads of the platform: how long that takes must not decide who goes on in a race.
  const canRace = classes.includes('at once') && storage === 'memory'
  const steps = Array.from({ length: STEPS }, () => drawStep(chance, weighUp(firstNames), canRace))
  return {
    seed,
    classes,
    devices: 2 + chance.integer(3),
    storage,
    steps: laterNames.length === 0 ? steps : addLater(later, steps, weighUp(laterNames), canRace),
  }
}

function weighUp(names: readonly ActionName[]): Record<ActionName, number> {
  return Object.fromEntries(names.map((name) => [name, actionOf(name).weight])) as Record<ActionName, number>
}

/** Now and then an action of a later class comes between the others, or races with them. */
function addLater(
  chance: Chance,
  steps: readonly Step[],
  weights: Record<ActionName, number>,
  canRace: boolean,
): readonly Step[] {
  return steps.flatMap((step): readonly Step[] => {
    if (!chance.happens(LATER_SHARE)) return [step]
    const decision: Decision = { action: chance.weighted(weights), seed: chance.seed() }
    const isRace = canRace && chance.happens(0.5) && step.every(({ action }) => actionOf(action).isConcurrent)
    return isRace ? [[...step, decision]] : [[decision], step]
  })
}

function isIn(name: ActionName, classes: readonly FaultClass[]): boolean {
  const own = actionOf(name).class
  if (own === null) return true
  // Whoever restores needs something to restore: a durable backup is one.
  if (name === 'restore' || name === 'back up') return classes.includes('restore')
  return classes.includes(own)
}

function drawStep(chance: Chance, weights: Record<ActionName, number>, canRace: boolean): Step {
  const decide = (): Decision => ({ action: chance.weighted(weights), seed: chance.seed() })
  const first = decide()
  if (!canRace || !chance.happens(0.15) || !actionOf(first.action).isConcurrent) return [first]
  const others = Array.from({ length: 1 + chance.integer(3) }, decide)
  return [first, ...others.filter(({ action }) => actionOf(action).isConcurrent)]
}
