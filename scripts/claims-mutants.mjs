/**
 * Proves that the tests of docs/claims.md can fail: applies each change of the lists (ground floor, partner, client) to a copy of the
 * workspace's sources, runs the test that it names, and expects it to turn red. Fails if one stays green, or if a change does not fit
 * any more.
 *
 *   node scripts/claims-mutants.mjs             all
 *   node scripts/claims-mutants.mjs 5 12 L2     only these claims
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join, sep } from 'node:path'
import { clientMutants } from './claims-mutants.client.mjs'
import { mutants as coreMutants } from './claims-mutants.list.mjs'
import { serverMutants } from './claims-mutants.server.mjs'
import { pinnedNode, root, workspaceEnv } from './workspace.mjs'

const mutants = [...coreMutants, ...serverMutants, ...clientMutants]

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.cache', 'test-results'])

/** A copy of the sources. Dependencies are linked, but the workspace's own packages to their copies: a change must reach all who import it. */
async function copyWorkspace() {
  const copy = await mkdtemp(join(tmpdir(), 'claims-mutants-'))
  await cp(root, copy, { recursive: true, filter: (source) => !SKIPPED.has(basename(source)) || source === root })
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  const packages = await readdir(join(root, 'packages'))
  for (const name of packages) {
    const modules = join('packages', name, 'node_modules')
    const entries = await readdir(join(root, modules)).catch(() => [])
    if (entries.length > 0) await mkdir(join(copy, modules), { recursive: true })
    for (const entry of entries) {
      const target = packages.includes(entry) ? join(copy, 'packages', entry) : join(root, modules, entry)
      await symlink(target, join(copy, modules, entry))
    }
  }
  return copy
}

/**
 * Runs test files in a copy, all tests or those whose title contains `title`, up to the first that fails; the titles of the tests that
 * failed, [] if all passed, null if one of the files has not run.
 */
async function runTests(copy, files, title) {
  const report = join(copy, 'report.json')
  await rm(report, { force: true })
  const args = [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--project',
    'unit',
    // One that turns red is enough: others may be red only when their time is up.
    '--bail=1',
    '--reporter=json',
    `--outputFile=${report}`,
  ]
  if (title !== undefined) args.push('--testNamePattern', title.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`))
  const child = spawn(pinnedNode, [...args, ...files], { cwd: copy, env: workspaceEnv(), stdio: 'ignore' })
  await once(child, 'exit')
  const text = await readFile(report, 'utf8').catch(() => null)
  if (text === null) return null
  const { testResults } = JSON.parse(text)
  const ran = testResults.map((file) => file.assertionResults.filter((test) => test.status !== 'skipped'))
  const failed = ran.flatMap((tests) => tests.filter((test) => test.status === 'failed').map((test) => test.title))
  if (failed.length === 0 && (ran.length < files.length || ran.some((tests) => tests.length === 0))) return null
  return failed
}

async function tryMutant(copy, { file, find, replace, tests, red: title }) {
  const path = join(copy, ...file.split('/'))
  const source = await readFile(path, 'utf8')
  if (source.split(find).length !== 2) return { verdict: 'DOES NOT FIT', red: [] }
  // A function, since `$` has a meaning in a replacement text.
  await writeFile(
    path,
    source.replace(find, () => replace),
  )
  const red = await runTests(copy, tests, title)
  await writeFile(path, source)
  if (red === null) return { verdict: 'DID NOT RUN', red: [] }
  return { verdict: red.length > 0 ? 'red' : 'STAYED GREEN', red }
}

const wanted = process.argv.slice(2)
const chosen = mutants.filter(({ claim }) => wanted.length === 0 || wanted.includes(claim))
if (chosen.length === 0) {
  console.error(`No change is listed for ${wanted.join(', ')}.`)
  process.exit(2)
}

const startedAt = performance.now()
const copies = await Promise.all(
  Array.from({ length: Math.min(2, availableParallelism(), chosen.length) }, copyWorkspace),
)
const results = []
try {
  const [copy] = copies
  const before = await runTests(copy, [...new Set(chosen.flatMap(({ tests }) => tests))])
  if (before === null || before.length > 0) {
    throw new Error(
      `the tests must pass before anything is changed; they did not: ${before?.join(', ') ?? 'they did not run'}`,
    )
  }
  const queue = [...chosen.entries()]
  const work = async (own) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, mutant] = next
      results[index] = { ...mutant, ...(await tryMutant(own, mutant)) }
    }
  }
  await Promise.all(copies.map(work))
} finally {
  await Promise.all(copies.map((copy) => rm(copy, { recursive: true, force: true })))
}

console.log('| claim | change tried | in | result | tests that turned red |\n|---|---|---|---|---|')
for (const { claim, what, file, verdict, red } of results) {
  const first = red.length > 1 ? `${red[0]} (and ${red.length - 1} more)` : (red[0] ?? '')
  console.log(`| ${claim} | ${what} | ${file.split(sep).at(-1)} | ${verdict} | ${first} |`)
}
const bad = results.filter(({ verdict }) => verdict !== 'red').length
console.log(
  `\n${results.length - bad} of ${results.length} changes turned their tests red, in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
)
process.exitCode = bad === 0 ? 0 : 1
