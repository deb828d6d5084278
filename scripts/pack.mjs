/**
 * Packs every publishable package the way it would be published and has publint and attw look at the tarballs:
 * what counts is what others install, not what lies in the workspace. Builds from nothing first, so that no file of a deleted source
 * gets into a tarball.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildPackages } from './build.mjs'
import { pnpm } from './setup.mjs'
import { root, run } from './workspace.mjs'

/** Where the tarballs lie afterwards. */
export const packed = join(root, '.cache', 'packed')

/** Packs and checks; resolves with 0 when every tarball is fine. */
export async function packAndCheck() {
  const names = readdirSync(join(root, 'packages')).filter(isPublished)
  for (const name of names) rmSync(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
  if ((await buildPackages()) !== 0) return 1
  rmSync(packed, { recursive: true, force: true })
  mkdirSync(packed, { recursive: true })
  for (const name of names) {
    const code = await run('npx', ['-y', pnpm, '--dir', join('packages', name), 'pack', '--pack-destination', packed])
    if (code !== 0) return code
  }
  let failures = 0
  const tarballs = readdirSync(packed)
  for (const tarball of tarballs) {
    failures += (await run('publint', [join(packed, tarball), '--strict'])) === 0 ? 0 : 1
    // The packages are ES modules only; attw's other resolutions do not apply.
    failures += (await run('attw', [join(packed, tarball), '--profile', 'esm-only', '--format', 'table'])) === 0 ? 0 : 1
  }
  return failures === 0 && tarballs.length === names.length ? 0 : 1
}

function isPublished(name) {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')).private !== true
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await packAndCheck()
