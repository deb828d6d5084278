/**
 * What must not be in a packed package: anything of the simulator, planted bugs, switches of an environment; Node in what browsers load;
 * the testing kit in what an app runs. Pure: it looks at files that it is given, so that a test can show that it sees each kind.
 */
import { posix } from 'node:path'

/** Entries that run in Node; all others run in browsers too. The commands of `bin` run in Node likewise. */
const NODE_ENTRIES = {
  'web-sync': ['./testing/node', './vite'],
  'web-sync-server': ['.', './postgres', './testing/node'],
}

/** The testing kit: for tests, never part of what an app or a server runs. */
const isKit = (entry) => entry === './testing' || entry.startsWith('./testing/')

/** Switches that an environment sets, also in Node: what is shipped behaves the same everywhere. */
const SWITCHES = /\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\s*\[|\bimport\.meta\.env\b|\bNODE_ENV\b|\b__(DEV|TEST)__\b/

/** Globals that only Node has. */
const NODE_GLOBALS = /(?<![\w.'"-])(process|Buffer|__dirname|__filename|require)\s*(\?\.|[.([])/

/**
 * All faults of one package, as sentences; none: [].
 *
 * @param manifest its package.json as packed
 * @param files text by path from the package's root
 * @param hasSource whether the workspace's package has such a file under its `src`
 * @param plantedNames names of the simulator's planted bugs
 */
export function findTarballFaults({ manifest, files, hasSource, plantedNames }) {
  return [
    ...findForeignFiles(files, hasSource),
    ...findPlanted(files, plantedNames),
    ...findUnfitEntries(manifest, files),
  ]
}

/** Each file in `dist` is made of one source file of this very package, so nothing of another package is among them. */
function findForeignFiles(files, hasSource) {
  const built = [...files.keys()].filter((path) => path.startsWith('dist/'))
  return built
    .filter((path) => !hasSource(path.slice('dist/'.length).replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')))
    .map((path) => `${path} has no source in this package`)
}

function findPlanted(files, plantedNames) {
  const names = new RegExp(`['"\`](${plantedNames.join('|')})['"\`]|\\bplanted\\b|\\bsimulator\\b`, 'i')
  return scripts(files).flatMap(([path, text]) => [
    ...(names.test(text) ? [`${path} names the simulator or a planted bug: ${names.exec(text)[0]}`] : []),
    ...(SWITCHES.test(withoutComments(text))
      ? [`${path} has a switch: ${SWITCHES.exec(withoutComments(text))[0]}`]
      : []),
  ])
}

function findUnfitEntries({ name, exports: entries, dependencies = {}, peerDependencies = {}, bin = {} }, files) {
  const faults = []
  const starts = [
    ...Object.entries(entries).map(([entry, { default: file }]) => ({ entry, file })),
    ...Object.entries(bin).map(([entry, file]) => ({ entry, file, isCommand: true })),
  ]
  for (const { entry, file, isCommand = false } of starts) {
    const isNode = isCommand || (NODE_ENTRIES[name] ?? []).includes(entry)
    const { reached, packages, missing } = follow(files, posix.normalize(file))
    for (const path of missing) faults.push(`${entry} imports ${path}, which is not in the package`)
    for (const imported of packages) {
      const isInstalled = Object.hasOwn({ ...dependencies, ...peerDependencies }, packageOf(imported))
      const isAllowed = imported.startsWith('node:') ? isNode : isInstalled
      if (!isAllowed) faults.push(`${entry} imports ${imported}`)
    }
    for (const path of reached) {
      if (!isKit(entry) && path.startsWith('dist/testing/')) faults.push(`${entry} reaches ${path}, which is for tests`)
      const global = isNode ? null : NODE_GLOBALS.exec(withoutComments(files.get(path)))
      if (global !== null) faults.push(`${entry} reaches ${path}, which uses ${global[1]} of Node`)
    }
  }
  return faults
}

/** All files that an entry loads, workers among them, and the packages that these import. */
function follow(files, start) {
  const reached = new Set()
  const packages = new Set()
  const missing = new Set()
  const waiting = [start]
  while (waiting.length > 0) {
    const path = waiting.pop()
    if (reached.has(path)) continue
    if (!files.has(path)) {
      missing.add(path)
      continue
    }
    reached.add(path)
    for (const specifier of importsOf(files.get(path))) {
      if (specifier.startsWith('.')) waiting.push(posix.join(posix.dirname(path), specifier))
      else packages.add(specifier)
    }
  }
  return { reached, packages, missing }
}

const IMPORTS = [
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\s*\(\s*['"]([^'"]+)['"]\s*\)/g,
  /\bnew URL\(\s*['"]([^'"]+)['"]\s*,\s*import\.meta\.url\s*\)/g,
]

function importsOf(text) {
  const code = withoutComments(text)
  return IMPORTS.flatMap((pattern) => [...code.matchAll(pattern)].map(([, specifier]) => specifier))
}

function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function scripts(files) {
  return [...files].filter(([path]) => path.endsWith('.js'))
}

/** Comments that begin a line, as all of ours do: examples in them are no imports. */
function withoutComments(text) {
  return text.replaceAll(/^\s*\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
}
