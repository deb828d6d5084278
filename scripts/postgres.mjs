/**
 * Finds the PostgreSQL that the lane `postgres` starts servers of, and pgbouncer; installs them where they are missing and apt-get is at
 * hand. Debian's package would start a server of its own, which nobody needs: the tests start private ones.
 */
import { existsSync, readdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { canUseApt, commandPath, isSystemPackageInstalled } from './browsers.mjs'
import { runOrExit } from './workspace.mjs'

const debian = '/usr/lib/postgresql'
const packages = ['postgresql', 'pgbouncer']

/** Resolves when both are there. */
export async function ensurePostgres() {
  if (hasPostgres() && hasPgbouncer()) return
  if (canUseApt()) {
    const missing = packages.filter((name) => !isSystemPackageInstalled(name))
    console.error(`Installing ${missing.join(', ')} with apt-get …`)
    await runOrExit('apt-get', ['update', '-qq'])
    await runOrExit('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
      DEBIAN_FRONTEND: 'noninteractive',
    })
  }
  if (!hasPostgres() || !hasPgbouncer())
    throw new Error('PostgreSQL (15 or newer) and pgbouncer are needed and could not be installed.')
}

function hasPostgres() {
  return commandPath('pg_config') !== undefined || (existsSync(debian) && readdirSync(debian).length > 0)
}

function hasPgbouncer() {
  return existsSync('/usr/sbin/pgbouncer') || commandPath('pgbouncer') !== undefined
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await ensurePostgres()
