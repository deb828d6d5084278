import { drawSteps, type Step } from './history.ts'
import { type Difference, runHistory } from './run-history.ts'
import { openSubjects, type SubjectMaker } from './subject.ts'

/** How long, from which seed on, and how it is told. */
export interface DifferentialOptions {
  readonly seconds: number
  readonly seed: number
  readonly asJson: boolean
}

/** Attempts to leave steps out of a history that differs. */
const MAX_SHRINKS = 60

/** Compares memory, SQLite and PostgreSQL (two processes) history by history until the time is over; 0: they never differed. */
export async function runDifferential({ seconds, seed, asJson }: DifferentialOptions): Promise<number> {
  const startedAt = performance.now()
  const maker = await openSubjects()
  const sums = { histories: 0, steps: 0, asks: 0, changes: 0, bytes: 0 }
  let found: { readonly seed: number; readonly difference: Difference; readonly steps: readonly Step[] } | null = null
  try {
    for (let next = seed; found === null && performance.now() - startedAt < seconds * 1_000; next += 1) {
      const steps = drawSteps(next)
      const result = await runHistory(maker, next, steps)
      sums.histories += 1
      sums.steps += steps.length
      for (const name of ['asks', 'changes', 'bytes'] as const) sums[name] += result[name]
      if (result.difference !== null) found = { seed: next, ...(await shrink(maker, next, steps, result.difference)) }
    }
  } finally {
    await maker.close()
  }
  const facts = {
    seed,
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    ...sums,
    differences: found === null ? 0 : 1,
    found,
  }
  console.log(asJson ? JSON.stringify(facts, null, 2) : toText(facts))
  return found === null ? 0 : 1
}

/** Leaves out what is not needed for a difference. */
async function shrink(
  maker: SubjectMaker,
  seed: number,
  all: readonly Step[],
  first: Difference,
): Promise<{ readonly steps: readonly Step[]; readonly difference: Difference }> {
  let steps = all.slice(0, first.step + 1)
  let difference = first
  let tries = 0
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < steps.length && tries < MAX_SHRINKS;) {
      tries += 1
      const fewer = steps.toSpliced(at, size)
      const result = await runHistory(maker, seed, fewer)
      if (result.difference === null) at += size
      else [steps, difference] = [fewer.slice(0, result.difference.step + 1), result.difference]
    }
  }
  return { steps, difference }
}

function toText(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}: ${JSON.stringify(value, null, 1)}`)
    .join('\n')
}
