/**
 * Packs every publishable package the way it would be published and has publint and attw look at the tarballs:
 * what counts is what others install, not what lies in the workspace. Builds from nothing first, so that no file of a deleted source
 * gets into a tarball.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildAnew } from './build.mjs'
import { pnpm } from './setup.mjs'
import { findTarballFaults } from './tarball-faults.mjs'
import { root, run } from './workspace.mjs'

/** Where the tarballs lie afterwards. */
export const packed = join(root, '.cache', 'packed')

let packing

/** Packs, once for each process; resolves with 0 when every tarball is there. */
export function pack() {
  packing ??= packAll()
  return packing
}

async function packAll() {
  const names = publishedNames()
  if ((await buildAnew(names)) !== 0) return 1
  rmSync(packed, { recursive: true, force: true })
  mkdirSync(packed, { recursive: true })
  for (const name of names) {
    const code = await run('npx', ['-y', pnpm, '--dir', join('packages', name), 'pack', '--pack-destination', packed])
    if (code !== 0) return code
  }
  return 0
}

/** Packs and checks; resolves with 0 when every tarball is fine. */
export async function packAndCheck() {
  if ((await pack()) !== 0) return 1
  const tarballs = readdirSync(packed)
  let failures = tarballs.length === publishedNames().length ? 0 : 1
  for (const tarball of tarballs) {
    failures += hasOnlyWhatBelongs(tarball) ? 0 : 1
    failures += isFitForShipping(tarball) ? 0 : 1
    failures += (await run('publint', [join(packed, tarball), '--strict'])) === 0 ? 0 : 1
    // The packages are ES modules only; attw's other resolutions do not apply.
    failures += (await run('attw', [join(packed, tarball), '--profile', 'esm-only', '--format', 'table'])) === 0 ? 0 : 1
  }
  return failures === 0 ? 0 : 1
}

/** Licence and README are in, tests and what only they share are not. */
function hasOnlyWhatBelongs(tarball) {
  const files = execFileSync('tar', ['-tzf', join(packed, tarball)], { encoding: 'utf8' })
    .trim()
    .split('\n')
  const faults = [
    ...['package/LICENSE', 'package/README.md', 'package/package.json'].filter((file) => !files.includes(file)),
    ...files.filter((file) => /\.(test|fixture)\.|\.tsbuildinfo$|\/src\//.test(file)),
  ]
  for (const file of faults) console.error(`${tarball}: missing, or does not belong there: ${file}`)
  return faults.length === 0
}

/** Nothing of the simulator, no switch, no Node in browsers, no testing kit in an app: see tarball-faults.mjs. */
function isFitForShipping(tarball) {
  const files = readTarball(tarball)
  const manifest = JSON.parse(files.get('package.json'))
  const hasSource = (path) => existsSync(join(root, 'packages', manifest.name, 'src', path))
  const faults = findTarballFaults({ manifest, files, hasSource, plantedNames: plantedNames() })
  for (const fault of faults) console.error(`${tarball}: ${fault}`)
  if (faults.length === 0)
    console.log(
      `${tarball}: ${files.size} files: no simulator, no switch, no Node where browsers load, no testing kit in what an app runs`,
    )
  return faults.length === 0
}

/** Text by path from the package's root. */
function readTarball(tarball) {
  const unpacked = join(packed, tarball.replace(/\.tgz$/, ''))
  mkdirSync(unpacked, { recursive: true })
  try {
    execFileSync('tar', ['-xzf', join(packed, tarball), '-C', unpacked, '--strip-components', '1'])
    const paths = readdirSync(unpacked, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    return new Map(
      paths.map(({ parentPath, name }) => {
        const path = join(parentPath, name)
        return [relative(unpacked, path).replaceAll(sep, '/'), readFileSync(path, 'utf8')]
      }),
    )
  } finally {
    rmSync(unpacked, { recursive: true, force: true })
  }
}

/** Of the simulator's list. */
function plantedNames() {
  const folder = join(root, 'packages', 'simulator', 'src', 'planted')
  const lists = readdirSync(folder).filter((file) => file.endsWith('-bugs.ts'))
  const names = lists.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/^ {4}name: '([a-z-]+)'/gm)].map(([, name]) => name),
  )
  if (names.length === 0) throw new Error('found no planted bugs: has their list moved?')
  return names
}

function publishedNames() {
  return readdirSync(join(root, 'packages')).filter(isPublished)
}

function isPublished(name) {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')).private !== true
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await packAndCheck()
