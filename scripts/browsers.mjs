/**
 * Finds the Chromium that the end-to-end tests drive, installs it where it is missing, and prints its path.
 * A system's own Chromium is enough: CHROMIUM names one, else the usual names are looked for. Names of further system packages may
 * follow as arguments; they are installed along with it where apt-get is at hand.
 */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, runOrExit } from './workspace.mjs'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The path of a Chromium that is there already, or undefined. */
export function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM
  return names.map(commandPath).find((path) => path !== undefined) ?? playwrightsOwn()
}

/** The path of a Chromium, installed now if need be. */
export async function ensureChromium(extraPackages = []) {
  const found = findChromium()
  if (found !== undefined && extraPackages.every(isSystemPackageInstalled)) return found
  if (canUseApt()) {
    const packages = [...(found === undefined ? ['chromium', 'fonts-liberation'] : []), ...extraPackages]
    console.error(`Installing ${packages.join(', ')} with apt-get …`)
    await runOrExit('apt-get', ['update', '-qq'])
    await runOrExit('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      DEBIAN_FRONTEND: 'noninteractive',
    })
  } else if (found === undefined) {
    console.error("Installing Playwright's own Chromium …")
    await runOrExit('playwright', ['install', 'chromium'])
  }
  const installed = findChromium()
  if (installed === undefined)
    throw new Error('No Chromium found and none could be installed. Set CHROMIUM to the path of one.')
  return installed
}

/** The path of a command, or undefined. */
export function commandPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function playwrightsOwn() {
  try {
    const path = createRequire(join(root, 'package.json'))('playwright').chromium.executablePath()
    return existsSync(path) ? path : undefined
  } catch {
    return undefined // not installed yet
  }
}

/** True if Debian packages can be installed. */
export function canUseApt() {
  return process.getuid?.() === 0 && commandPath('apt-get') !== undefined
}

/** True if a Debian package is installed. */
export function isSystemPackageInstalled(name) {
  try {
    return execFileSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8', stdio: 'pipe' }).endsWith(
      ' installed',
    )
  } catch {
    return false
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await ensureChromium(process.argv.slice(2)))
