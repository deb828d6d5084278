/**
 * `npm test`: sets up, then runs every lane in order and prints what each took. All lanes run even when one fails.
 *
 *   node scripts/test.mjs               all lanes, browsers included
 *   node scripts/test.mjs --quick       the lanes of daily work, in seconds
 *   node scripts/test.mjs unit e2e      only these; what follows `--` goes to the last lane's tool
 */
import { build, buildPackages } from './build.mjs'
import { ensureBrowser } from './browsers.mjs'
import { embed } from './embed.mjs'
import { packAndCheck } from './pack.mjs'
import { ensurePostgres } from './postgres.mjs'
import { setup } from './setup.mjs'
import { forgetOutput, keptOutput, pinnedNode, run } from './workspace.mjs'

/** In order: cheap before dear, and the build before what looks at its results. `isQuick` marks the lanes of daily work, `needsBrowser` those that drive one. */
const lanes = [
  { name: 'format', isQuick: true, run: (extra) => run('oxfmt', ['--check', ...extra]) },
  { name: 'lint', isQuick: true, run: (extra) => run('oxlint', extra) },
  { name: 'types', isQuick: true, run: () => buildPackages() },
  { name: 'unit', isQuick: true, run: (extra) => run('vitest', ['run', '--project', 'unit', ...extra]) },
  { name: 'dead code', isQuick: true, run: (extra) => run('knip', ['--no-config-hints', ...extra]) },
  { name: 'layering', isQuick: false, run: (extra) => run('vitest', ['run', '--project', 'layering', ...extra]) },
  { name: 'postgres', isQuick: false, run: runPostgres },
  { name: 'claims', isQuick: false, run: (extra) => run(pinnedNode, ['scripts/claims-mutants.mjs', ...extra]) },
  { name: 'simulation', isQuick: false, run: runSimulation },
  { name: 'planted bugs', isQuick: false, run: runPlanted },
  { name: 'differential', isQuick: false, run: runDifferential },
  { name: 'failover', needsBrowser: true, isQuick: false, run: runFailover },
  { name: 'packages', isQuick: false, run: () => packAndCheck() },
  { name: 'embedding', needsBrowser: true, isQuick: false, run: () => embed() },
  { name: 'e2e', needsBrowser: true, isQuick: false, run: runE2e },
  { name: 'e2e pg', needsBrowser: true, isQuick: false, run: runE2eOnPostgres },
  { name: 'kills', needsBrowser: true, isQuick: false, run: runKills },
]

/**
 * A third of the exchanges from the same seeds in each run: what is red here is red everywhere. The rest from seeds made of the commit's id,
 * so that each landing looks somewhere new; the same for the same commit. What these break becomes a regression file and is mended. Other
 * seeds: `pnpm simulate --seed N`, `pnpm nightly`; the enumerated places have a command of their own (`--exhaustive`).
 */
async function runSimulation(extra) {
  const simulate = (exchanges, seed) => {
    const main = 'packages/simulator/src/main.ts'
    return run(pinnedNode, ['--conditions=source', main, '--exchanges', exchanges, '--seed', seed, ...extra])
  }
  const fromKnown = await simulate('50000', '1')
  return (await simulate('100000', 'commit')) || fromKnown
}

/** The proof that the simulator finds bugs, from one start each (`--planted all` alone: five). The limit is one for a machine in trouble: whatever it leaves out counts as not found. */
async function runPlanted(extra) {
  const main = 'packages/simulator/src/main.ts'
  const hunt = ['--planted', 'all', '--starts', '1', '--minutes', '10']
  return run(pinnedNode, ['--conditions=source', main, ...hunt, ...extra])
}

/** Two minutes from a seed of their own; any length, from any seed: `pnpm differential`. */
async function runDifferential(extra) {
  await ensurePostgres()
  const main = 'packages/simulator/src/differential/main.ts'
  return run(pinnedNode, ['--conditions=source', main, '--seconds', '120', '--seed', '1', ...extra])
}

/** Each variant once on either storage, one of the four in a real browser. More, and others: `pnpm failover --rounds N`. */
async function runFailover(extra) {
  await ensurePostgres()
  const CHROMIUM = await ensureBrowser('chromium')
  const fail = (storage) => {
    const rounds = ['--storage', storage, '--rounds', '4', '--browser-every', '4']
    return run(pinnedNode, ['--conditions=source', 'failover/src/main.ts', ...rounds, ...extra], { CHROMIUM })
  }
  const onPostgres = await fail('postgres')
  return (await fail('sqlite')) || onPostgres
}

async function runPostgres(extra) {
  await ensurePostgres()
  return run('vitest', ['run', '--project', 'postgres', ...extra])
}

/** Two lanes need the build: it is made once in a run. */
let building
const buildOnce = () => (building ??= build())

async function runE2e(extra) {
  return (await buildOnce()) || run('playwright', ['test', '--config', 'e2e/playwright.config.ts', ...extra])
}

/** The scenarios that are about the server, on PostgreSQL. `E2E_STORAGE=postgres pnpm e2e` runs all of them there. */
async function runE2eOnPostgres(extra) {
  await ensurePostgres()
  const names = [
    'first-sync',
    'convergence',
    'server-set-back',
    'lost-response',
    'refused',
    'offline-writes',
    'cloned-device',
    'sign-in',
    'bad-input',
    'killed-while-applying',
  ]
  const files = names.map((name) => `scenarios/${name}.spec.ts`)
  const options = ['test', '--config', 'e2e/playwright.config.ts', '--project=chromium', ...files, ...extra]
  return (await buildOnce()) || run('playwright', options, { E2E_STORAGE: 'postgres' })
}

/** Every target that an engine's driver can kill; `pnpm kill` does the same as often as one likes. */
async function runKills(extra) {
  const kill = (engine, target, rounds) =>
    run(
      pinnedNode,
      ['--conditions=source', 'e2e/kill/main.ts', '--engine', engine, '--target', target, '--rounds', rounds].concat(
        extra,
      ),
    )
  const onChromium = await kill('chromium', 'browser,renderer,worker,service-worker,server', '10')
  return (await kill('firefox', 'browser,worker,server', '5')) || onChromium
}

/** All browsers of the tests; WebKitGTK exists on Linux only. */
async function ensureBrowsers() {
  for (const engine of ['chromium', 'firefox']) await ensureBrowser(engine)
  if (process.platform === 'linux') await ensureBrowser('webkit')
}

function chosenLanes(args) {
  const names = args.filter((arg) => !arg.startsWith('--'))
  const unknown = names.filter((name) => !lanes.some((lane) => lane.name === name))
  if (unknown.length > 0) {
    console.error(`No such lane: ${unknown.join(', ')}. There are: ${lanes.map((lane) => lane.name).join(', ')}.`)
    process.exit(2)
  }
  if (names.length > 0) return lanes.filter((lane) => names.includes(lane.name))
  return args.includes('--quick') ? lanes.filter((lane) => lane.isQuick) : lanes
}

const args = process.argv.slice(2)
const separator = args.includes('--') ? args.indexOf('--') : args.length
const chosen = chosenLanes(args.slice(0, separator))
const extra = args.slice(separator + 1)

const startedAt = performance.now()
await setup()
// First of all: what takes long on a new machine should not fail half an hour later.
if (chosen.some((lane) => lane.needsBrowser)) await ensureBrowsers()

const results = []
for (const [index, lane] of chosen.entries()) {
  console.log(`\n[${index + 1}/${chosen.length}] ${lane.name} …`)
  const laneStartedAt = performance.now()
  forgetOutput()
  const hasPassed = (await lane.run(lane === chosen.at(-1) ? extra : []).catch(reportCrash)) === 0
  const seconds = (performance.now() - laneStartedAt) / 1000
  results.push({ name: lane.name, hasPassed, seconds, output: hasPassed ? '' : keptOutput() })
  console.log(
    `[${index + 1}/${chosen.length}] ${lane.name}: ${hasPassed ? 'passed' : 'FAILED'} in ${seconds.toFixed(1)} s`,
  )
}

function reportCrash(error) {
  console.error(error)
  return 1
}

// Who reads only the end of a long log should find there why a lane failed.
for (const { name, output } of results)
  if (output !== '') console.log(`\n--- the end of what ${name} printed\n${output}`)

console.log('\nlane         result   seconds')
for (const { name, hasPassed, seconds } of results) {
  console.log(`${name.padEnd(12)} ${(hasPassed ? 'passed' : 'FAILED').padEnd(8)} ${seconds.toFixed(1).padStart(7)}`)
}
console.log(`${'all'.padEnd(21)} ${((performance.now() - startedAt) / 1000).toFixed(1).padStart(8)}\n`)

const failed = results.filter((result) => !result.hasPassed).length
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
