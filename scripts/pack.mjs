/**
 * Packs every publishable package the way it would be published and has publint and attw look at the tarballs:
 * what counts is what others install, not what lies in the workspace. Builds from nothing first, so that no file of a deleted source
 * gets into a tarball.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildAnew } from './build.mjs'
import { pnpm } from './setup.mjs'
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

function publishedNames() {
  return readdirSync(join(root, 'packages')).filter(isPublished)
}

function isPublished(name) {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')).private !== true
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await packAndCheck()
