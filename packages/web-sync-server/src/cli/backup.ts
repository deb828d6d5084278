import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { restoreBackup, sqliteStorage } from '../index.ts'
import { CliError } from './cli-error.ts'
import { assertFile, loadPostgres } from './open-storage.ts'
import { type CliOptions, need } from './options.ts'

/**
 * `web-sync-server backup`. A file: a consistent copy, also while the server runs; `--confirm` marks what it holds as durable. PostgreSQL has
 * means of its own for backups: the command that is given runs, and what was there before it counts as durable when it has worked.
 */
export async function backup(options: CliOptions, command: readonly string[]): Promise<void> {
  if (options.postgres !== undefined) return backUpPostgres(options, options.postgres, command)
  const from = need(options, 'data')
  assertFile(from)
  const storage = sqliteStorage(from)
  try {
    const to = need(options, 'to')
    const isDurable = options.confirm === true
    await storage.backup(to, { isDurable })
    console.log(`Backed up to ${to}${isDurable ? '; what it holds counts as durable' : ''}.`)
  } finally {
    await storage.close()
  }
}

async function backUpPostgres(options: CliOptions, url: string, command: readonly string[]): Promise<void> {
  const [program, ...args] = command
  if (options.confirm !== true || program === undefined) {
    throw new CliError(
      'Give --confirm and the command that takes the backup: … --confirm -- pg_basebackup -D /backups/today',
    )
  }
  const { confirmedBackup } = await loadPostgres()
  const { spaces } = await confirmedBackup({ url }, () => runCommand(program, args))
  console.log(`Backed up; what ${spaces} spaces had before counts as durable.`)
}

async function runCommand(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [code, signal] = (await once(child, 'exit').catch((cause: unknown) => {
    throw new CliError(`${program} could not be run. Nothing was marked.`, { cause })
  })) as [number | null, string | null]
  if (code !== 0) throw new CliError(`${program} ended with ${code ?? signal ?? 'no code'}. Nothing was marked.`)
}

/** `web-sync-server restore`: the backup takes the database's place, and its history is marked as restored. */
export async function restore(options: CliOptions): Promise<void> {
  const from = need(options, 'from')
  const to = need(options, 'data')
  if (options.yes !== true) throw new CliError(`This replaces ${to} by ${from}. Stop the server, then add --yes.`)
  await restoreBackup(from, to)
  console.log(`Restored ${to}. Devices roll back to it and send again what it lacks, as they come.`)
}
