/** Builds every package with `tsc -b`, then the demo with Vite (leave it out with --packages). */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setup } from './setup.mjs'
import { root, run } from './workspace.mjs'

const configurationStamp = join(root, '.cache', 'built-with')

/** Builds the packages; resolves with the exit code. */
export async function buildPackages() {
  const code = await run('tsc', haveConfigurationsChanged() ? ['-b', '--force'] : ['-b'])
  if (code === 0) {
    mkdirSync(dirname(configurationStamp), { recursive: true })
    writeFileSync(configurationStamp, configurationHash())
  }
  return code
}

/** Builds these packages only, from nothing; resolves with the exit code. */
export async function buildAnew(names) {
  for (const name of names) rmSync(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
  const rooms = names.flatMap((name) => {
    const folders = [join('packages', name, 'src'), ...foldersIn(join('packages', name, 'src'))]
    return folders.flatMap((folder) => tsconfigsIn(folder).map((file) => join(folder, file)))
  })
  return run('tsc', ['-b', ...rooms])
}

/** Builds packages and demo; resolves with the exit code. */
export async function build() {
  return (await buildPackages()) || (await run('vite', ['build', '--logLevel', 'warn']))
}

/**
 * TypeScript 7.0's `tsc -b` does not always check again after `lib` has changed in a configuration that others extend. What keeps the
 * rooms apart is in these files, so a change in any of them builds everything anew.
 */
function haveConfigurationsChanged() {
  return !existsSync(configurationStamp) || readFileSync(configurationStamp, 'utf8') !== configurationHash()
}

function configurationHash() {
  const hash = createHash('sha256')
  const folders = ['.', ...['packages', 'demo-app', 'e2e'].flatMap((folder) => [folder, ...foldersIn(folder)])]
  for (const folder of folders) {
    for (const name of tsconfigsIn(folder)) hash.update(name).update(readFileSync(join(root, folder, name)))
  }
  return hash.update(readFileSync(join(root, 'pnpm-lock.yaml'))).digest('hex')
}

function tsconfigsIn(folder) {
  return readdirSync(join(root, folder)).filter((name) => /^tsconfig.*\.json$/.test(name))
}

function foldersIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['node_modules', 'dist'].includes(entry.name))
    .flatMap((entry) => [join(folder, entry.name), ...foldersIn(join(folder, entry.name))])
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await setup()
  process.exitCode = process.argv.includes('--packages') ? await buildPackages() : await build()
}
