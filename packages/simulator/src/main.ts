import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { commitSeed } from './cli/commit-seed.ts'
import { runNightly } from './cli/nightly.ts'
import { runMany } from './cli/run-many.ts'
import { runExhaustive } from './exhaustive/run-exhaustive.ts'
import { hunt } from './planted/hunt.ts'
import { runPlanted, STARTS } from './planted/run-planted.ts'
import { makePlan, type Plan, type StoreKind } from './plan.ts'
import { readRecording, writeRecording } from './recording.ts'
import { shrink } from './shrink.ts'
import { simulatePlan } from './simulate.ts'

const USAGE = `pnpm simulate [--exchanges 20000] [--seed 1|commit] [--store idb] [--jobs 2] [--minutes M] [--json] [--record FILE]
pnpm simulate --only SEED [--store idb] [--shrink] [--record FILE]
pnpm simulate --replay FILE
pnpm simulate --planted all|NAME[,NAME…] [--starts 5] [--jobs 2] [--minutes M] [--json]
pnpm simulate --exhaustive [--jobs 2] [--minutes M] [--json]
pnpm nightly [--seed S] [--jobs 2] [--minutes M] [--json] [--record FOLDER]

The first runs seeds, beginning with --seed, until so many exchanges were counted: such as carried a mutation or a change, or ended
in a problem or a fork. --seed commit begins at a seed made of the commit's id, and prints it. The first seed that breaks a promise is made small, told as a story, and recorded if --record says where.
--only runs a single seed and tells its story; --replay does so for a recording. --planted plants known bugs, one at a time, in a copy
of the sources, and expects the simulator to find each. --exhaustive needs no chance: it breaks a run off at every place that it has.
With --store idb the devices run on the store's code for IndexedDB, slower and without power loss.
The nightly run begins at a random seed and ends by Ctrl-C, SIGTERM or --minutes; it records what it finds in test-results/nightly.`

/** Workers unless --jobs says otherwise. */
const DEFAULT_JOBS = 2
/** Where the nightly run begins is drawn below this. */
const MAX_FIRST_SEED = 2 ** 31
/** Where the nightly run records what it finds, unless --record names another folder. */
const NIGHTLY_FOLDER = 'test-results/nightly'

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      exchanges: { type: 'string', default: '20000' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: String(Math.min(DEFAULT_JOBS, availableParallelism())) },
      minutes: { type: 'string' },
      only: { type: 'string' },
      shrink: { type: 'boolean', default: false },
      record: { type: 'string' },
      replay: { type: 'string' },
      planted: { type: 'string' },
      starts: { type: 'string', default: String(STARTS.length) },
      exhaustive: { type: 'boolean', default: false },
      nightly: { type: 'boolean', default: false },
      hunt: { type: 'string' },
      store: { type: 'string', default: 'memory' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const jobs = toNumber('jobs', values.jobs)
  const minutes = values.minutes === undefined ? null : toNumber('minutes', values.minutes)
  const store = toStoreKind(values.store)
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  if (values.exhaustive) return runExhaustive({ minutes, jobs, asJson: values.json })
  if (values.nightly) {
    const folder = values.record ?? NIGHTLY_FOLDER
    const seed = values.seed === undefined ? randomInt(MAX_FIRST_SEED) : toNumber('seed', values.seed)
    return runNightly({ seed, jobs, minutes, asJson: values.json, folder })
  }
  // What died in a simulation leaves timers behind; nobody shall wait for them.
  if (values.hunt !== undefined) process.exit(await hunt(values.hunt))
  if (values.planted !== undefined)
    return runPlanted({
      names: values.planted,
      jobs,
      minutes,
      asJson: values.json,
      starts: toNumber('starts', values.starts),
    })
  if (values.replay !== undefined) return tell((await readRecording(values.replay)).plan)
  if (values.only !== undefined)
    return runOne(makePlan(toNumber('only', values.only), { store }), values.shrink, values.record)
  const exchanges = toNumber('exchanges', values.exchanges)
  const record = values.record ?? null
  return runMany({
    exchanges,
    seed: toSeed(values.seed ?? '1'),
    jobs,
    minutes,
    asJson: values.json,
    record,
    store,
  })
}

async function runOne(whole: Plan, isShrunk: boolean, record: string | undefined): Promise<number> {
  if (!isShrunk) return tell(whole)
  const { plan, result } = await shrink(whole)
  if (record !== undefined) {
    const invariants = [...new Set(result.failures.map(({ invariant }) => invariant))]
    await writeRecording(record, { about: '', invariants, plan })
  }
  return tell(plan)
}

async function tell(plan: Plan): Promise<number> {
  const { story, failures } = await simulatePlan(plan)
  for (const line of story) console.log(line)
  if (failures.length === 0) console.log('All promises held.')
  return failures.length === 0 ? 0 : 1
}

function toStoreKind(text: string): StoreKind {
  if (text === 'memory' || text === 'idb') return text
  console.error(`--store must be memory or idb, not «${text}».\n\n${USAGE}`)
  process.exit(2)
}

function toSeed(text: string): number {
  if (text !== 'commit') return toNumber('seed', text)
  const { seed, origin } = commitSeed()
  console.error(`Seed ${seed} (${origin}).`)
  return seed
}

function toNumber(option: string, text: string): number {
  const number = Number(text)
  if (Number.isFinite(number) && number >= 0) return number
  console.error(`--${option} must be a number, not «${text}».\n\n${USAGE}`)
  process.exit(2)
}

process.exitCode = await main()
