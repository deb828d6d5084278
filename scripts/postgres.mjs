/**
 * Finds the PostgreSQL that the lane `postgres` starts servers of, pgbouncer and nginx; installs them where they are missing and apt-get is
 * at hand. Debian's packages would start servers of their own, which nobody needs: the tests start private ones.
 */
import { existsSync, readdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { canUseApt, commandPath, isSystemPackageInstalled } from './browsers.mjs'
import { runOrExit } from './workspace.mjs'

const debian = '/usr/lib/postgresql'
const packages = ['postgresql', 'pgbouncer', 'nginx']

/** Resolves when all are there. */
export async function ensurePostgres() {
  if (hasAll()) return
  if (canUseApt()) {
    const missing = packages.filter((name) => !isSystemPackageInstalled(name))
    console.error(`Installing ${missing.join(', ')} with apt-get …`)
    await runOrExit('apt-get', ['update', '-qq'])
    await runOrExit('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
      DEBIAN_FRONTEND: 'noninteractive',
    })
  }
  if (!hasAll()) throw new Error('PostgreSQL (15 or newer), pgbouncer and nginx are needed and could not be installed.')
}

function hasAll() {
  return hasPostgres() && hasPgbouncer() && hasNginx()
}

function hasPostgres() {
  return commandPath('pg_config') !== undefined || (existsSync(debian) && readdirSync(debian).length > 0)
}

function hasPgbouncer() {
  return existsSync('/usr/sbin/pgbouncer') || commandPath('pgbouncer') !== undefined
}

function hasNginx() {
  return existsSync('/usr/sbin/nginx') || commandPath('nginx') !== undefined
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await ensurePostgres()
