import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Progress } from '../cli/progress.ts'
import { PLANTED_BUGS } from './all-bugs.ts'
import type { HuntResult, HuntTask, TaskResult } from './hunt.ts'
import type { PlantedBug } from './planted-bug.ts'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))

/** Where the hunts for each bug begin. */
export const STARTS: readonly number[] = [1, 100_001, 200_001, 300_001, 400_001]
/** Seeds after which a hunt gives up. */
const MAX_SEEDS = 400
/** Seeds without a bug that one process runs. */
const CLEAN_SEEDS = 25
/** Bugs that the report names for how long they took. */
const SLOWEST = 6

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
  /** Why it does not count as found; null: nothing speaks against it. */
  readonly fault: string | null
  readonly seconds: number
}

/** The same seeds without a bug. */
interface Clean {
  readonly exchanges: number
  readonly broken: readonly string[]
}

/** Plants each bug in a copy of the sources and hunts for it, then runs the same seeds without any; 0: all are found, and no other. */
export async function runPlanted(options: PlantedOptions): Promise<number> {
  const startedAt = performance.now()
  const deadline = options.minutes === null ? Infinity : startedAt + options.minutes * 60_000
  const wanted = options.names === 'all' ? null : options.names.split(',')
  const bugs = PLANTED_BUGS.filter(({ name }) => wanted === null || wanted.includes(name))
  const progress = new Progress(bugs.length, 'bugs')
  const starts = STARTS.slice(0, options.starts)
  const copies = await Promise.all(Array.from({ length: options.jobs }, copyPackages))
  try {
    let done = 0
    const findings = await shareOut(copies, bugs, async (copy, bug) => {
      const finding = performance.now() > deadline ? skipped(bug) : await tryBug(copy, bug, starts)
      progress.show((done += 1), `, ${bug.name}`)
      return finding
    })
    progress.end()
    const clean = await runUnpatched(copies, findings)
    const seconds = (performance.now() - startedAt) / 1000
    report(findings, clean, seconds, options.asJson)
    return findings.every(isFound) && clean.broken.length === 0 ? 0 : 1
  } finally {
    for (const copy of copies) await rm(copy, { recursive: true, force: true })
  }
}

/** Each copy takes the next item when it is done with one; the results, in the order of the items. */
async function shareOut<T, R>(
  copies: readonly string[],
  items: readonly T[],
  work: (copy: string, item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const queue = [...items.entries()]
  await Promise.all(
    copies.map(async (copy) => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        results[next[0]] = await work(copy, next[1])
      }
    }),
  )
  return results
}

function skipped(bug: PlantedBug): Finding {
  return { bug, hunts: [], fault: 'no time was left', seconds: 0 }
}

function isFound({ hunts, fault }: Finding): boolean {
  return fault === null && hunts.length > 0 && hunts.every((each) => each.isFound)
}

/** Plants a bug, hunts for it, and takes it out again. */
async function tryBug(copy: string, bug: PlantedBug, starts: readonly number[]): Promise<Finding> {
  const startedAt = performance.now()
  const end = (hunts: readonly HuntResult[], fault: string | null): Finding => {
    return { bug, hunts, fault, seconds: (performance.now() - startedAt) / 1000 }
  }
  const before = new Map<string, string>()
  try {
    for (const { file, find, replace } of bug.patches) {
      const path = join(copy, 'packages', ...file.split('/'))
      const source = await readFile(path, 'utf8')
      if (!before.has(path)) before.set(path, source)
      if (source.split(find).length !== 2) return end([], `does not fit ${file}`)
      // A function, since `$` has a meaning in a replacement text.
      await writeFile(
        path,
        source.replace(find, () => replace),
      )
    }
    const { invariant, together, worlds } = bug
    const task = { invariant, starts, maxSeeds: MAX_SEEDS, only: together ?? worlds ?? null, alone: together ?? [] }
    const result = await hunt(copy, task)
    if (result === null) return end([], 'the copy did not run')
    return end(result.hunts, result.enough === null ? null : `«${result.enough}» alone is enough`)
  } finally {
    for (const [path, source] of before) await writeFile(path, source)
  }
}

/** The same seeds without a bug: how many exchanges they took, and which promises they broke. */
async function runUnpatched(copies: readonly string[], findings: readonly Finding[]): Promise<Clean> {
  const results = await shareOut(copies, listCleanTasks(findings), async (copy, task) => {
    const result = await hunt(copy, task)
    const world = task.only === null ? 'drawn' : task.only.join(' + ')
    if (result === null) return { exchanges: 0, broken: [`${world}: the copy did not run`] }
    const broken = result.hunts.flatMap(({ others }) => others.map((text) => `${world}: ${text}`))
    return { exchanges: result.hunts.reduce((sum, { exchanges }) => sum + exchanges, 0), broken }
  })
  return {
    exchanges: results.reduce((sum, { exchanges }) => sum + exchanges, 0),
    broken: results.flatMap(({ broken }) => broken),
  }
}

/** All seeds of all hunts, each once for each kind of world, in parts of some seconds. */
function listCleanTasks(findings: readonly Finding[]): HuntTask[] {
  const seedsByWorld = new Map<string, number>()
  for (const { bug, hunts } of findings) {
    for (const { start, seeds } of hunts) {
      const world = JSON.stringify({ only: bug.together ?? bug.worlds ?? null, start })
      seedsByWorld.set(world, Math.max(seeds, seedsByWorld.get(world) ?? 0))
    }
  }
  return [...seedsByWorld].flatMap(([world, seeds]) => {
    const { only, start } = JSON.parse(world) as Pick<HuntTask, 'only'> & { readonly start: number }
    return Array.from({ length: Math.ceil(seeds / CLEAN_SEEDS) }, (_, part): HuntTask => {
      const maxSeeds = Math.min(CLEAN_SEEDS, seeds - part * CLEAN_SEEDS)
      return { invariant: null, starts: [start + part * CLEAN_SEEDS], maxSeeds, only, alone: [] }
    })
  })
}

/** Runs a task in a copy; null: it did not come to its end. */
async function hunt(copy: string, task: HuntTask): Promise<TaskResult | null> {
  const main = join(copy, 'packages', 'simulator', 'src', 'main.ts')
  const args = ['--conditions=source', main, '--hunt', JSON.stringify(task)]
  // What is not patched is compiled once for each copy.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(copy, 'compiled') }
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], env })
  let text = ''
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString()
  })
  await once(child, 'close')
  try {
    return JSON.parse(text) as TaskResult
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
    if (name === 'web-sync-server') await cp(join(from, 'migrations'), join(to, 'migrations'), { recursive: true })
    for (const entry of await readdir(join(from, 'node_modules')).catch(() => [])) {
      const isOurs = packages.includes(entry)
      const target = isOurs ? join(copy, 'packages', entry) : join(from, 'node_modules', entry)
      await symlink(target, join(to, 'node_modules', entry))
    }
  }
  return copy
}

function report(findings: readonly Finding[], clean: Clean, seconds: number, asJson: boolean): void {
  const found = findings.filter(isFound).length
  const bugs = findings.map(({ bug, hunts, fault, seconds: took }) => ({
    name: bug.name,
    invariant: bug.invariant,
    claims: bug.claims,
    needs: bug.needs,
    together: bug.together ?? null,
    exchangesUntilFound: hunts.map((each) => (each.isFound ? each.exchanges : null)),
    fault,
    seconds: Math.round(took),
  }))
  if (asJson) {
    const facts = { planted: findings.length, found, seconds: Math.round(seconds), unpatched: clean }
    console.log(JSON.stringify({ ...facts, bugs }, null, 2))
    return
  }
  console.log(
    '| planted bug | must break | claims | two faults together | exchanges until found, from each start |\n|---|---|---|---|---|',
  )
  for (const { name, invariant, claims, together, exchangesUntilFound, fault } of bugs) {
    const untilFound = exchangesUntilFound.map((exchanges) => exchanges ?? 'NOT FOUND').join(', ')
    const result = fault === null ? untilFound : `${fault}; ${untilFound}`
    console.log(`| ${name} | ${invariant} | ${claims.join(', ')} | ${together?.join(' + ') ?? ''} | ${result} |`)
  }
  for (const line of clean.broken) console.log(`without any bug: ${line}`)
  const slowest = bugs.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)
  console.log(`\nslowest: ${slowest.map(({ name, seconds: took }) => `${name} ${took} s`).join(', ')}`)
  console.log(
    `${found} of ${findings.length} found, in ${seconds.toFixed(0)} s; without a bug the same seeds took ${clean.exchanges} exchanges and broke ${clean.broken.length} promises`,
  )
}
