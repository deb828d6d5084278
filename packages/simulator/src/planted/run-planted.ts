import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Progress } from '../cli/progress.ts'
import { PLANTED_BUGS } from './all-bugs.ts'
import type { HuntResult, HuntTask } from './hunt.ts'
import type { PlantedBug } from './planted-bug.ts'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))

/** Where the hunts for each bug begin. */
export const STARTS: readonly number[] = [1, 100_001, 200_001, 300_001, 400_001]
/** Seeds after which a hunt gives up. */
const MAX_SEEDS = 400
/** Seeds from each start that must be clean where only one of two faults exists. */
const ALONE_SEEDS = 12

/** How bugs are planted and looked for. */
export interface PlantedOptions {
  /** `all`, or names with commas between. */
  readonly names: string
  readonly jobs: number
  readonly minutes: number | null
  readonly asJson: boolean
  /** From how many of {@link STARTS} each bug is hunted for. */
  readonly starts: number
}

interface Finding {
  readonly bug: PlantedBug
  readonly hunts: readonly HuntResult[]
  /** Why there are no hunts; null: there are. */
  readonly fault: string | null
}

/** Plants each bug in a copy of the sources and hunts for it, then runs the same seeds without any; 0: all are found, and no other. */
export async function runPlanted(options: PlantedOptions): Promise<number> {
  const startedAt = performance.now()
  const deadline = options.minutes === null ? Infinity : startedAt + options.minutes * 60_000
  const wanted = options.names === 'all' ? null : options.names.split(',')
  const bugs = PLANTED_BUGS.filter(({ name }) => wanted === null || wanted.includes(name))
  const progress = new Progress(bugs.length, 'bugs')
  const findings: Finding[] = []
  const starts = STARTS.slice(0, options.starts)
  const queue = [...bugs.entries()]
  await Promise.all(
    Array.from({ length: options.jobs }, async () => {
      const copy = await copyPackages()
      try {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const [index, bug] = next
          findings[index] = performance.now() > deadline ? skipped(bug) : await tryBug(copy, bug, starts)
          progress.show(findings.filter(Boolean).length, `, ${bug.name}`)
        }
      } finally {
        await rm(copy, { recursive: true, force: true })
      }
    }),
  )
  progress.end()
  const clean = await runUnpatched(findings)
  const seconds = (performance.now() - startedAt) / 1000
  report(findings, clean, seconds, options.asJson)
  return findings.every(isFound) && clean.broken.length === 0 ? 0 : 1
}

function skipped(bug: PlantedBug): Finding {
  return { bug, hunts: [], fault: 'no time was left' }
}

function isFound({ hunts, fault }: Finding): boolean {
  return fault === null && hunts.length > 0 && hunts.every(({ exchanges }) => exchanges !== null)
}

/** Plants a bug, hunts for it, and takes it out again. */
async function tryBug(copy: string, bug: PlantedBug, starts: readonly number[]): Promise<Finding> {
  const before = new Map<string, string>()
  try {
    for (const { file, find, replace } of bug.patches) {
      const path = join(copy, 'packages', ...file.split('/'))
      const source = await readFile(path, 'utf8')
      if (!before.has(path)) before.set(path, source)
      if (source.split(find).length !== 2) return { bug, hunts: [], fault: `does not fit ${file}` }
      // A function, since `$` has a meaning in a replacement text.
      await writeFile(
        path,
        source.replace(find, () => replace),
      )
    }
    const { invariant, together } = bug
    const hunts = await hunt(copy, { invariant, starts, maxSeeds: MAX_SEEDS, only: together ?? null })
    if (hunts === null) return { bug, hunts: [], fault: 'the copy did not run' }
    for (const alone of together ?? []) {
      const seen = await hunt(copy, { invariant, starts, maxSeeds: ALONE_SEEDS, only: [alone] })
      if (seen === null || seen.some(({ exchanges }) => exchanges !== null))
        return { bug, hunts, fault: `«${alone}» alone is enough` }
    }
    return { bug, hunts, fault: null }
  } finally {
    for (const [path, source] of before) await writeFile(path, source)
  }
}

/** The same seeds without a bug: how many exchanges they took, and which promises they broke. */
async function runUnpatched(findings: readonly Finding[]): Promise<{ exchanges: number; broken: readonly string[] }> {
  const drawn = findings.filter(({ bug }) => bug.together === undefined)
  const worlds = [
    { only: undefined, hunts: drawn.flatMap(({ hunts }) => hunts) },
    ...findings.flatMap(({ bug, hunts }) => (bug.together === undefined ? [] : [{ only: bug.together, hunts }])),
  ]
  const { simulateSeed } = await import('../simulate.ts')
  let exchanges = 0
  const broken: string[] = []
  for (const { only, hunts } of worlds) {
    for (const start of STARTS) {
      const seeds = Math.max(0, ...hunts.filter((one) => one.start === start).map((one) => one.seeds))
      for (let seed = start; seed < start + seeds; seed += 1) {
        const { failures, counts } = await simulateSeed(seed, only === undefined ? {} : { only })
        exchanges += counts.get('exchanges') ?? 0
        if (failures.length > 0) broken.push(`seed ${seed}: ${failures[0]?.invariant} ${failures[0]?.text}`)
      }
    }
  }
  return { exchanges, broken }
}

async function hunt(copy: string, task: HuntTask): Promise<readonly HuntResult[] | null> {
  const main = join(copy, 'packages', 'simulator', 'src', 'main.ts')
  const args = ['--conditions=source', main, '--hunt', JSON.stringify(task)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString()
  })
  await once(child, 'close')
  try {
    return JSON.parse(text) as HuntResult[]
  } catch {
    return null
  }
}

function isNoTest(path: string): boolean {
  return !/\.(test|fixture)\.ts$/.test(basename(path))
}

/** A copy of the packages' sources. Their dependencies are linked, but our own packages to their copies: a patch must reach all who import it. */
export async function copyPackages(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'planted-bugs-'))
  const packages = await readdir(join(ROOT, 'packages'))
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  for (const name of packages) {
    const from = join(ROOT, 'packages', name)
    const to = join(copy, 'packages', name)
    await mkdir(join(to, 'node_modules'), { recursive: true })
    await cp(join(from, 'package.json'), join(to, 'package.json'))
    await cp(join(from, 'src'), join(to, 'src'), { recursive: true, filter: isNoTest })
    if (name === 'sync-server') await cp(join(from, 'migrations'), join(to, 'migrations'), { recursive: true })
    for (const entry of await readdir(join(from, 'node_modules')).catch(() => [])) {
      const isOurs = packages.includes(entry)
      const target = isOurs ? join(copy, 'packages', entry) : join(from, 'node_modules', entry)
      await symlink(target, join(to, 'node_modules', entry))
    }
  }
  return copy
}

function report(
  findings: readonly Finding[],
  clean: { readonly exchanges: number; readonly broken: readonly string[] },
  seconds: number,
  asJson: boolean,
): void {
  const found = findings.filter(isFound).length
  const bugs = findings.map(({ bug, hunts, fault }) => ({
    name: bug.name,
    invariant: bug.invariant,
    claims: bug.claims,
    needs: bug.needs,
    together: bug.together ?? null,
    exchangesUntilFound: hunts.map(({ exchanges }) => exchanges),
    fault,
  }))
  if (asJson) {
    const facts = { planted: findings.length, found, seconds: Math.round(seconds), unpatched: clean }
    console.log(JSON.stringify({ ...facts, bugs }, null, 2))
    return
  }
  console.log(
    '| planted bug | must break | claims | two faults | exchanges until found, from each start |\n|---|---|---|---|---|',
  )
  for (const { name, invariant, claims, together, exchangesUntilFound, fault } of bugs) {
    const untilFound = exchangesUntilFound.map((exchanges) => exchanges ?? 'NOT FOUND').join(', ')
    const result = fault === null ? untilFound : `${fault}; ${untilFound}`
    console.log(`| ${name} | ${invariant} | ${claims.join(', ')} | ${together?.join(' + ') ?? ''} | ${result} |`)
  }
  for (const line of clean.broken) console.log(`without any bug: ${line}`)
  console.log(
    `\n${found} of ${findings.length} found, in ${seconds.toFixed(0)} s; without a bug the same seeds took ${clean.exchanges} exchanges and broke ${clean.broken.length} promises`,
  )
}
