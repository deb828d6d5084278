/**
 * A checker that sees no files is always green, so this test shows that the rooms are kept apart: in a copy of the workspace it plants one
 * violation of each kind – every forbidden pair of rooms among them – and expects the compiler or the linter to name that very file.
 * All violations are planted at once, so that one run of each tool answers for all of them.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** Who may import whom, as the house has it. A room that is not listed here fails the test. */
const allowedImports: Readonly<Record<string, readonly string[]>> = {
  'web-sync-protocol/src': [],
  'web-sync/src/contract': ['web-sync-protocol/src'],
  'web-sync/src/engine': ['web-sync-protocol/src', 'web-sync/src/contract'],
  'web-sync/src/store': ['web-sync-protocol/src', 'web-sync/src/contract'],
  'web-sync/src/transport': ['web-sync-protocol/src', 'web-sync/src/contract'],
  'web-sync/src/platform': ['web-sync-protocol/src', 'web-sync/src/contract'],
  'web-sync/src/worker': [
    'web-sync-protocol/src',
    ...inWebSync('contract', 'engine', 'store', 'transport', 'platform'),
  ],
  'web-sync/src/service-worker': [
    'web-sync-protocol/src',
    ...inWebSync('contract', 'engine', 'store', 'transport', 'platform'),
  ],
  'web-sync/src/page': ['web-sync-protocol/src', 'web-sync/src/contract'],
  'web-sync/src/testing': [
    'web-sync-protocol/src',
    ...inWebSync('contract', 'engine', 'store', 'transport', 'platform', 'worker'),
  ],
  'web-sync/src/testing/node': [],
  'web-sync/src/port': ['web-sync-protocol/src', ...inWebSync('contract', 'engine', 'store', 'transport')],
  'web-sync/src/vite': [],
  'web-sync-server/src/contract': ['web-sync-protocol/src'],
  'web-sync-server/src/engine': ['web-sync-protocol/src', 'web-sync-server/src/contract'],
  'web-sync-server/src/storage': ['web-sync-protocol/src', 'web-sync-server/src/contract'],
  'web-sync-server/src/storage/sqlite': ['web-sync-protocol/src', ...inServer('contract', 'storage')],
  'web-sync-server/src/storage/postgres': ['web-sync-protocol/src', ...inServer('contract')],
  'web-sync-server/src/http': ['web-sync-protocol/src', 'web-sync-server/src/contract'],
  'web-sync-server/src/nudges': ['web-sync-protocol/src', 'web-sync-server/src/contract'],
  'web-sync-server/src/node': ['web-sync-protocol/src', 'web-sync-server/src/contract'],
  'web-sync-server/src/monitoring': ['web-sync-protocol/src', 'web-sync-server/src/contract'],
  'web-sync-server/src/testing': ['web-sync-protocol/src', ...inServer('contract', 'engine', 'storage')],
  'web-sync-server/src/testing/node': [],
  'web-sync-server/src/cli': [
    'web-sync-protocol/src',
    ...inServer('contract', 'engine', 'storage', 'storage/sqlite', 'storage/postgres', 'http', 'nudges'),
    ...inServer('node', 'monitoring'),
  ],
}

function inWebSync(...names: readonly string[]): readonly string[] {
  return names.map((name) => `web-sync/src/${name}`)
}

function inServer(...names: readonly string[]): readonly string[] {
  return names.map((name) => `web-sync-server/src/${name}`)
}

interface Violation {
  readonly promise: string
  /** The planted file, from packages/ on. */
  readonly file: string
  readonly source: string
  readonly caughtBy: 'tsc' | 'oxlint'
}

/** Why the compiler may refuse a planted file: not listed among the project's files, no such name, no such module, no such types. */
const expectedErrors = /error TS(6307|2304|2307|2580|2584|2591):/

const clockless = ['web-sync-protocol/src', ...inWebSync('contract', 'engine'), ...inServer('contract', 'engine')]
const rooms = Object.keys(allowedImports)

const violations: readonly Violation[] = [
  ...rooms.flatMap((room) =>
    rooms
      .filter((other) => other !== room && !allowedImports[room]?.includes(other))
      .map((other) =>
        violation(pairCaughtBy(room, other), room, `import ${other}`, `export * from '${specifier(room, other)}'`),
      ),
  ),
  ...clockless.flatMap((room) => [
    violation('tsc', room, 'fetch', "export const planted: unknown = fetch('/')"),
    violation('tsc', room, 'setTimeout', 'export const planted: unknown = setTimeout(() => undefined, 1)'),
    violation('tsc', room, 'console', "console.log('planted')\nexport const planted = true"),
    violation('tsc', room, 'crypto', 'export const planted: unknown = crypto.randomUUID()'),
    violation('tsc', room, 'node builtin', "export { readFileSync as planted } from 'node:fs'"),
    violation('oxlint', room, 'Date.now', 'export const planted: number = Date.now()'),
    violation('oxlint', room, 'new Date', 'export const planted: Date = new Date()'),
    violation('oxlint', room, 'Math.random', 'export const planted: number = Math.random()'),
    violation('oxlint', room, 'crypto global', 'export const planted: unknown = crypto.randomUUID()'),
    violation('oxlint', room, 'idb', "export { openDB as planted } from 'idb'"),
  ]),
  // One clock in each package: what waits or compares takes it as a port, so that a test can let it jump.
  ...inWebSync('store', 'transport', 'platform', 'worker', 'service-worker', 'page', 'testing', 'port').map((room) =>
    violation('oxlint', room, 'a clock of its own', 'export const planted: number = Date.now()'),
  ),
  ...inServer('storage', 'storage/sqlite', 'storage/postgres', 'http', 'nudges', 'node', 'monitoring', 'cli').map(
    (room) => violation('oxlint', room, 'a clock of its own', 'export const planted: number = new Date().getTime()'),
  ),
  violation(
    'tsc',
    'web-sync-server/src/storage',
    'node builtin',
    "export { DatabaseSync as planted } from 'node:sqlite'",
  ),
  violation('tsc', 'web-sync-server/src/http', 'node builtin', "export { createServer as planted } from 'node:http'"),
  violation('tsc', 'web-sync/src/store', 'document', 'export const planted: unknown = document.body'),
  violation('tsc', 'web-sync/src/page', 'node builtin', "export { readFileSync as planted } from 'node:fs'"),
  ...inWebSync('engine', 'transport', 'worker', 'service-worker', 'page', 'testing', 'port').map((room) =>
    violation('oxlint', room, 'idb of its own', "export { openDB as planted } from 'idb'"),
  ),
  // One door to a database (decision 0017), also for the room that it is in.
  violation('oxlint', 'web-sync/src/store', 'a second way to open', "export { openDB as planted } from 'idb'"),
  violation('oxlint', 'web-sync/src/store', 'a second way to delete', "export { deleteDB as planted } from 'idb'"),
  ...inWebSync('store', 'worker', 'service-worker', 'page', 'testing', 'port').flatMap((room) => [
    violation('oxlint', room, 'indexedDB of its own', "export const planted: unknown = indexedDB.open('planted')"),
    violation(
      'oxlint',
      room,
      'indexedDB by globalThis',
      "export const planted: unknown = globalThis.indexedDB.open('x')",
    ),
  ]),
  // What a browser may refuse, or has not got without https, goes through one place that knows.
  ...inWebSync('store', 'platform', 'worker', 'service-worker', 'page', 'testing', 'port').map((room) =>
    violation(
      'oxlint',
      room,
      'a channel of its own',
      "export const planted: unknown = new BroadcastChannel('planted')",
    ),
  ),
  ...inWebSync('store', 'platform', 'worker', 'service-worker', 'page', 'testing', 'port').map((room) =>
    violation('oxlint', room, 'crypto.randomUUID', 'export const planted: unknown = crypto.randomUUID()'),
  ),
  ...inWebSync('engine', 'store', 'transport', 'service-worker', 'testing', 'port').map((room) =>
    violation('oxlint', room, 'comlink', "export { wrap as planted } from 'comlink'"),
  ),
  ...inWebSync('store', 'worker', 'service-worker', 'page').map((room) =>
    violation('oxlint', room, 'workbox-window', "export { Workbox as planted } from 'workbox-window'"),
  ),
  ...inWebSync('store', 'page').map((room) =>
    violation('oxlint', room, 'fetch of its own', "export const planted: unknown = fetch('/')"),
  ),
]

/** What the rooms may do, planted likewise: none of these may be named. */
const allowed: readonly Pick<Violation, 'file' | 'source'>[] = rooms.flatMap((room) =>
  (allowedImports[room] ?? []).map((other) => ({
    file: `${room}/planted-allowed-${other.replaceAll('/', '-')}.ts`,
    source: `export * from '${specifier(room, other)}'\n`,
  })),
)

function violation(caughtBy: Violation['caughtBy'], room: string, what: string, source: string): Violation {
  const name = `planted-${what.replaceAll(/[^A-Za-z]+/g, '-')}.ts`
  return {
    promise: `${what} in ${room} is caught by ${caughtBy}`,
    file: `${room}/${name}`,
    source: `${source}\n`,
    caughtBy,
  }
}

/** A package of the workspace imported by its name counts as a library for the compiler, so there the linter has to see it. */
function pairCaughtBy(room: string, other: string): Violation['caughtBy'] {
  const isWithoutRooms = [
    'web-sync/src/vite',
    'web-sync/src/testing/node',
    'web-sync-server/src/testing/node',
  ].includes(room)
  return isWithoutRooms && other === 'web-sync-protocol/src' ? 'oxlint' : 'tsc'
}

/** Rooms of one package name each other's files; another package is imported by its name. */
function specifier(room: string, other: string): string {
  const [roomPackage, otherPackage] = [room.split('/')[0], other.split('/')[0]]
  if (roomPackage !== otherPackage)
    return otherPackage === 'web-sync-protocol' ? 'web-sync-protocol' : `${otherPackage}/testing`
  const path = relative(room, `${other}/planted-target.ts`)
  return path.startsWith('.') ? path : `./${path}`
}

const workspace = resolve(import.meta.dirname, '..')
const copy = mkdtempSync(join(realpathSync(tmpdir()), 'layering-'))

beforeAll(() => copyWorkspace())
afterAll(() => rmSync(copy, { recursive: true, force: true }))

describe('the tree as it is', () => {
  test('every room is listed, and every listed room is there', () => {
    const found = globSync('packages/*/src/**/tsconfig.json', { cwd: workspace }).map((path) =>
      relative('packages', dirname(path)),
    )
    // These `src` folders hold the files that join rooms; they are no rooms themselves.
    const joining = ['web-sync/src', 'web-sync-server/src', 'simulator/src']
    expect(found.filter((room) => !joining.includes(room)).toSorted()).toEqual(rooms.toSorted())
  })

  test('the compiler accepts it, and has seen every source file', () => {
    expect(compile()).toEqual({ exitCode: 0, complaints: [] })
    const sources = sourceFiles()
    expect(sources.length).toBeGreaterThan(10)
    expect(sources.filter((file) => !existsSync(join(copy, emittedBy(file))))).toEqual([])
  })

  test('the linter accepts it, and has seen every source file', () => {
    const { complaints, filesSeen } = lint()
    expect(complaints).toEqual([])
    expect(filesSeen).toBeGreaterThanOrEqual(sourceFiles().length)
  })
})

describe('a planted violation', () => {
  let compilerComplaints: readonly string[]
  let namedByCompiler: ReadonlySet<string>
  let namedByLinter: ReadonlySet<string>

  beforeAll(() => {
    for (const room of rooms)
      write(`${room}/planted-target.ts`, '/** What planted files import. */\nexport const planted = true\n')
    for (const { file, source } of violations) write(file, source)
    for (const { file, source } of allowed) write(file, source)
    compilerComplaints = compile().complaints
    namedByCompiler = new Set(compilerComplaints.map(fileOf))
    namedByLinter = new Set(lint().complaints.map(fileOf))
  })

  test.each(violations)('$promise', ({ file, caughtBy }) => {
    expect(caughtBy === 'tsc' ? namedByCompiler : namedByLinter).toContain(`packages/${file}`)
  })

  test('is refused for the reason it was planted for', () => {
    expect(compilerComplaints.filter((complaint) => !expectedErrors.test(complaint))).toEqual([])
  })

  test('leaves everything else alone, allowed imports among it', () => {
    const named = [...namedByCompiler, ...namedByLinter]
    expect(named.filter((file) => !violations.some((each) => file === `packages/${each.file}`))).toEqual([])
  })
})

/** Sources and configurations are copied; installed packages are linked, those of the workspace to their copies. */
function copyWorkspace(): void {
  for (const name of readdirSync(workspace)) {
    if (/^tsconfig.*\.json$|^package\.json$|^\.oxlintrc\.json$/.test(name))
      cpSync(join(workspace, name), join(copy, name))
  }
  symlinkSync(join(workspace, 'node_modules'), join(copy, 'node_modules'))
  for (const name of readdirSync(join(workspace, 'packages'))) {
    const [from, to] = [join(workspace, 'packages', name), join(copy, 'packages', name)]
    cpSync(join(from, 'src'), join(to, 'src'), { recursive: true })
    cpSync(join(from, 'package.json'), join(to, 'package.json'))
    const installed = join(from, 'node_modules')
    mkdirSync(join(to, 'node_modules'))
    for (const dependency of existsSync(installed) ? readdirSync(installed) : []) {
      if (dependency.startsWith('.')) continue
      const isOurs = existsSync(join(workspace, 'packages', dependency))
      symlinkSync(
        isOurs ? join(copy, 'packages', dependency) : realpathSync(join(installed, dependency)),
        join(to, 'node_modules', dependency),
      )
    }
  }
  const references = globSync('packages/*/src/**/tsconfig*.json', { cwd: copy }).map((path) => ({ path }))
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ files: [], references }))
}

function compile(): { readonly exitCode: number | null; readonly complaints: readonly string[] } {
  const { status, lines } = runTool('tsc', ['-b', '--pretty', 'false'])
  return { exitCode: status, complaints: lines.filter((line) => /error TS\d+/.test(line)) }
}

function lint(): { readonly complaints: readonly string[]; readonly filesSeen: number } {
  const { lines } = runTool('oxlint', ['--format=unix', 'packages'])
  const seen = runTool('oxlint', ['--debug=files', 'packages'])
  return {
    // Only the rules of the rooms: planted files need not be good code otherwise.
    complaints: lines.filter((line) => /\/eslint\(no-restricted-(imports|globals|properties)\)\]$/.test(line)),
    filesSeen: seen.lines.filter((line) => line.includes('.ts')).length,
  }
}

function runTool(
  name: string,
  args: readonly string[],
): { readonly status: number | null; readonly lines: readonly string[] } {
  const { status, stdout, stderr, error } = spawnSync(join(workspace, 'node_modules', '.bin', name), args, {
    cwd: copy,
    encoding: 'utf8',
  })
  if (error) throw error
  return { status, lines: `${stdout}${stderr}`.split('\n') }
}

/** `packages/x/src/a.ts(1,2): error …` and `packages/x/src/a.ts:1:2: …` both begin with the file. */
function fileOf(complaint: string): string {
  return /^(.+?\.ts)[(:]/.exec(complaint)?.[1] ?? complaint
}

function sourceFiles(): readonly string[] {
  return globSync('packages/*/src/**/*.ts', { cwd: copy }).filter((file) => !/\.(test|fixture)\.ts$/.test(file))
}

function emittedBy(source: string): string {
  return source.replace('/src/', '/dist/').replace(/\.ts$/, '.js')
}

function write(file: string, source: string): void {
  mkdirSync(dirname(join(copy, 'packages', file)), { recursive: true })
  writeFileSync(join(copy, 'packages', file), source)
}
