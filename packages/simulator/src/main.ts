import { parseArgs } from 'node:util'
import { simulateSeed } from './simulate.ts'

const USAGE = `pnpm simulate [--exchanges 20000] [--seed 1] [--only SEED] [--json]

Runs seeds, beginning with --seed, until so many exchanges were counted (one that carried a mutation or a change, or failed);
--only runs a single seed and prints its story.`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      exchanges: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  return values.only === undefined
    ? runMany(Number(values.seed), Number(values.exchanges), values.json)
    : runOne(Number(values.only))
}

async function runOne(seed: number): Promise<number> {
  const result = await simulateSeed(seed)
  for (const line of result.story) console.log(line)
  console.log(result.failures.length === 0 ? 'All promises held.' : `Broken:\n${result.failures.join('\n')}`)
  return result.failures.length === 0 ? 0 : 1
}

async function runMany(firstSeed: number, exchanges: number, asJson: boolean): Promise<number> {
  const startedAt = performance.now()
  const totals = new Map<string, number>()
  const broken: { seed: number; failures: readonly string[] }[] = []
  let seed = firstSeed
  for (; (totals.get('exchanges') ?? 0) < exchanges && broken.length < 10; seed += 1) {
    const result = await simulateSeed(seed)
    for (const [what, count] of result.counts) totals.set(what, (totals.get(what) ?? 0) + count)
    if (result.failures.length > 0) broken.push({ seed, failures: result.failures })
  }
  const missing = SOMETIMES.filter((what) => (totals.get(what) ?? 0) === 0)
  report({ seeds: seed - firstSeed, broken, missing, totals, seconds: (performance.now() - startedAt) / 1000 }, asJson)
  return broken.length === 0 && missing.length === 0 ? 0 : 1
}

/** A run that never came there has tested nothing of it. */
const SOMETIMES = [
  'sometimes: rollback',
  'sometimes: full resync',
  'duplicate answered',
  'case K0',
  'case K1',
  'case K2',
  'case K3',
  "case K3'",
  'case K5',
  'case K6',
  'fault: response lost',
  'fault: response cut',
]

interface Report {
  readonly seeds: number
  readonly broken: readonly { readonly seed: number; readonly failures: readonly string[] }[]
  readonly missing: readonly string[]
  readonly totals: ReadonlyMap<string, number>
  readonly seconds: number
}

function report({ seeds, broken, missing, totals, seconds }: Report, asJson: boolean): void {
  const counts = Object.fromEntries([...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  if (asJson) {
    console.log(JSON.stringify({ seeds, seconds, violations: broken.length, missing, counts, broken }))
    return
  }
  for (const [what, count] of Object.entries(counts)) console.log(`${String(count).padStart(9)}  ${what}`)
  for (const { seed, failures } of broken)
    console.log(`seed ${seed} (--only ${seed}): ${failures.slice(0, 5).join('; ')}`)
  for (const what of missing) console.log(`never happened: ${what}`)
  const exchanges = totals.get('exchanges') ?? 0
  console.log(
    `${exchanges} exchanges in ${seeds} seeds, ${broken.length} seeds with a broken promise, ${seconds.toFixed(1)} s`,
  )
}

process.exitCode = await main()
