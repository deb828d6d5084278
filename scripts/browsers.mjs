/**
 * Finds the browsers that the tests drive, installs those that are missing, and prints where they are:
 *
 *   node scripts/browsers.mjs                      Chromium and Firefox
 *   node scripts/browsers.mjs chromium webkit …    these; a name that is none of them is a further system package
 *
 * A system's own Chromium and Firefox are enough: CHROMIUM and FIREFOX name them, else the usual names are looked for. WebKit is
 * WebKitGTK's (its MiniBrowser, its WebDriver and a display without a screen), which exists for Linux only.
 */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, runOrExit } from './workspace.mjs'

/** By engine: how it is found, what apt-get calls it, and whether Playwright has one of its own. */
const browsers = {
  chromium: {
    find: () =>
      process.env.CHROMIUM ||
      firstCommand(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) ||
      playwrightsOwn('chromium'),
    packages: ['chromium', 'fonts-liberation'],
    isPlaywrights: true,
  },
  firefox: {
    find: () => process.env.FIREFOX || firstCommand(['firefox-esr', 'firefox']) || playwrightsOwn('firefox'),
    packages: ['firefox-esr'],
    isPlaywrights: true,
  },
  webkit: {
    find: () => (firstCommand(['WebKitWebDriver']) && firstCommand(['Xvfb']) && findMiniBrowser()) || undefined,
    packages: ['webkit2gtk-driver', 'xvfb'],
    isPlaywrights: false,
  },
}

/** Where WebKitGTK puts the browser that its driver drives: no command, and its folder names the machine's kind. */
const miniBrowserFolders = ['/usr/lib', '/usr/libexec', '/usr/lib64']

/** The path of a Chromium that is there already, or undefined. */
export const findChromium = () => browsers.chromium.find()

/** The path of a Firefox that is there already, or undefined. */
export const findFirefox = () => browsers.firefox.find()

/** The path of WebKitGTK's MiniBrowser, if its driver and Xvfb are there too, or undefined. */
export const findWebKit = () => browsers.webkit.find()

/** True for a Firefox of Playwright's own, which is driven in another way than a stock one. */
export const isPlaywrightsFirefox = (path) => path === playwrightsOwn('firefox')

/** The path of a Chromium, installed now if need be. */
export async function ensureChromium(extraPackages = []) {
  return ensureBrowser('chromium', extraPackages)
}

/** The path of a browser (`chromium`, `firefox`, `webkit`), installed now if need be. */
export async function ensureBrowser(engine, extraPackages = []) {
  const { find, packages, isPlaywrights } = browsers[engine]
  const found = find()
  if (found !== undefined && extraPackages.every(isSystemPackageInstalled)) return found
  if (canUseApt()) {
    const missing = [...(found === undefined ? packages : []), ...extraPackages]
    console.error(`Installing ${missing.join(', ')} with apt-get …`)
    await runOrExit('apt-get', ['update', '-qq'])
    await runOrExit('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
      DEBIAN_FRONTEND: 'noninteractive',
    })
  } else if (found === undefined && isPlaywrights) {
    console.error(`Installing Playwright's own ${engine} …`)
    await runOrExit('playwright', ['install', engine])
  }
  const installed = find()
  if (installed !== undefined) return installed
  throw new Error(`No ${engine} found and none could be installed. Needed: ${packages.join(', ')}, or the like.`)
}

function firstCommand(names) {
  return names.map(commandPath).find((path) => path !== undefined)
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

function findMiniBrowser() {
  const folders = miniBrowserFolders.filter((folder) => existsSync(folder))
  const inside = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  return [...folders, ...inside]
    .flatMap((folder) => ['webkit2gtk-4.1', 'webkitgtk-6.0', 'webkit2gtk-4.0'].map((name) => join(folder, name)))
    .map((folder) => join(folder, 'MiniBrowser'))
    .find(isExecutable)
}

function playwrightsOwn(engine) {
  try {
    const path = createRequire(join(root, 'package.json'))('playwright')[engine].executablePath()
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

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2)
  const extraPackages = names.filter((name) => !Object.hasOwn(browsers, name))
  const engines = names.filter((name) => Object.hasOwn(browsers, name))
  for (const [index, engine] of (engines.length > 0 ? engines : ['chromium', 'firefox']).entries()) {
    console.log(await ensureBrowser(engine, index === 0 ? extraPackages : []))
  }
}
