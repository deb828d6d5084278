import { restoreBackup, sqliteStorage } from '../index.ts'
import { CliError } from './cli-error.ts'
import { type CliOptions, need } from './options.ts'

/** `sync-server backup`: a consistent copy, also while the server runs. `--confirm` marks what it holds as durable. */
export async function backup(options: CliOptions): Promise<void> {
  const storage = sqliteStorage(need(options, 'data'))
  try {
    const to = need(options, 'to')
    const isDurable = options.confirm === true
    await storage.backup(to, { isDurable })
    console.log(`Backed up to ${to}${isDurable ? '; what it holds counts as durable' : ''}.`)
  } finally {
    await storage.close()
  }
}

/** `sync-server restore`: the backup takes the database's place, and its history is marked as restored. */
export async function restore(options: CliOptions): Promise<void> {
  const from = need(options, 'from')
  const to = need(options, 'data')
  if (options.yes !== true) throw new CliError(`This replaces ${to} by ${from}. Stop the server, then add --yes.`)
  await restoreBackup(from, to)
  console.log(`Restored ${to}. Devices roll back to it and send again what it lacks, as they come.`)
}
