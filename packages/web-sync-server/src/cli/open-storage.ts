import { existsSync } from 'node:fs'
import { type PartnerStorage, sqliteStorage } from '../index.ts'
import { CliError } from './cli-error.ts'
import { type CliOptions, need } from './options.ts'

/** The storage that --data or --postgres names. Throws a CliError unless it is one of them. */
export async function openStorage(options: CliOptions): Promise<PartnerStorage> {
  const { postgres, data } = options
  if (postgres === undefined) return sqliteStorage(need(options, 'data'))
  if (data !== undefined) throw new CliError('Give --data or --postgres, one of them.')
  const { postgresStorage } = await loadPostgres()
  const { listen, standby } = options
  return postgresStorage({
    url: postgres,
    ...(listen === undefined ? {} : { listenUrl: listen }),
    ...(standby === undefined ? {} : { standbys: standby }),
    needsBackup: options['needs-backup'] === true,
  })
}

/** As {@link openStorage}, of what is there: a file is not made. Throws a CliError if there is none. */
export async function openExistingStorage(options: CliOptions): Promise<PartnerStorage> {
  if (options.postgres === undefined) assertFile(need(options, 'data'))
  return openStorage(options)
}

/** Throws a CliError unless there is a file of this name: a name with a typo must not become an empty database. */
export function assertFile(path: string): void {
  if (!existsSync(path)) throw new CliError(`There is no database ${path}.`)
}

/** The PostgreSQL room, loaded only where it is used: its driver is not installed with this package. Throws a CliError without it. */
export async function loadPostgres(): Promise<typeof import('../storage/postgres/index.ts')> {
  try {
    return await import('../storage/postgres/index.ts')
  } catch (cause) {
    throw new CliError('PostgreSQL needs the package pg beside web-sync-server: npm install pg@8', { cause })
  }
}
