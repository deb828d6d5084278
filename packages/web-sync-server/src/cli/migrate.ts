import { loadPostgres } from './open-storage.ts'
import { type CliOptions, need } from './options.ts'

/** `web-sync-server migrate`: makes or brings up to date the tables, as their owner; `serve` never does. */
export async function migrate(options: CliOptions): Promise<void> {
  const url = need(options, 'postgres')
  const { migratePostgres } = await loadPostgres()
  const { role } = options
  const { applied, version } = await migratePostgres({ url, ...(role === undefined ? {} : { runtimeRole: role }) })
  const done = applied.length === 0 ? 'nothing was to do' : `ran ${applied.join(', ')}`
  console.log(`The tables are version ${version}: ${done}.`)
  if (role !== undefined) console.log(`Role '${role}' may run the partner.`)
}
