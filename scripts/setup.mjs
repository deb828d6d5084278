/**
 * Installs the workspace when it is not installed yet, or when the lockfile or a package.json has changed since.
 * pnpm comes through npx: corepack refuses the signatures of current releases.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pinnedNode, root, runOrExit } from './workspace.mjs'

/** The pnpm that installs and packs. */
export const pnpm = 'pnpm@12.21.0'
const stamp = join(root, 'node_modules', '.installed-from')

/** Makes sure that node_modules is what the lockfile says; costs a few milliseconds when it is. */
export async function setup() {
  const wanted = installationHash()
  if (existsSync(pinnedNode) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  console.log('Installing the workspace (the first time takes about half a minute) …')
  await runOrExit('npx', ['-y', pnpm, 'install', '--frozen-lockfile'])
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(stamp, wanted)
}

function installationHash() {
  const hash = createHash('sha256')
  for (const file of installationFiles()) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function installationFiles() {
  const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'package.json'))
  return [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    ...packages,
    'demo-app/package.json',
    'e2e/package.json',
  ].filter((file) => existsSync(join(root, file)))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await setup()
