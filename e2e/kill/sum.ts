/** One line of the result, as `--json` prints it. */
interface Result {
  readonly engine: string
  readonly target: string
  readonly rounds: number
  readonly acknowledged: number
  readonly lost: number
  readonly doubled: number
  readonly wedged: number
  readonly seconds: number
  readonly backgroundSync: { readonly rounds: number; readonly events: number }
  readonly faults: readonly string[]
}

/**
 * Adds up the results of runs, by engine and target: a long run may be made in parts. Ignores
 * lines that are no result.
 */
export function sumResults(lines: string): readonly (Result & { readonly runs: number })[] {
  const sums = new Map<string, Result & { readonly runs: number }>()
  for (const line of lines.split('\n')) {
    if (!line.startsWith('{')) continue
    const next = JSON.parse(line) as Result
    const key = `${next.engine} ${next.target}`
    const sum = sums.get(key)
    sums.set(key, sum === undefined ? { ...next, runs: 1 } : { ...add(sum, next), runs: sum.runs + 1 })
  }
  return [...sums.values()]
}

function add(one: Result, other: Result): Result {
  return {
    engine: one.engine,
    target: one.target,
    rounds: one.rounds + other.rounds,
    acknowledged: one.acknowledged + other.acknowledged,
    lost: one.lost + other.lost,
    doubled: one.doubled + other.doubled,
    wedged: one.wedged + other.wedged,
    seconds: one.seconds + other.seconds,
    backgroundSync: {
      rounds: one.backgroundSync.rounds + other.backgroundSync.rounds,
      events: one.backgroundSync.events + other.backgroundSync.events,
    },
    faults: [...one.faults, ...other.faults],
  }
}
