import { parseArgs } from 'node:util'
import { backup, restore } from './backup.ts'
import { CliError } from './cli-error.ts'
import { erase } from './erase.ts'
import { importFile } from './import-file.ts'
import { migrate } from './migrate.ts'
import { move } from './move.ts'
import { type CliOptions, OPTIONS } from './options.ts'
import { serve } from './serve.ts'
import { USAGE } from './usage.ts'

async function main(): Promise<void> {
  const { values, positionals } = parse()
  const [command, ...rest] = positionals
  if (values.help === true || command === undefined) {
    process.stdout.write(USAGE)
    return
  }
  switch (command) {
    case 'serve':
      await serve(values)
      // What a hook still does must not keep a stopped process.
      process.exit()
      return
    case 'import':
      return importFile(values, rest[0])
    case 'backup':
      return backup(values, rest)
    case 'restore':
      return restore(values)
    case 'erase':
      return erase(values)
    case 'migrate':
      return migrate(values)
    case 'move':
      return move(values)
    default:
      throw new CliError(`There is no command '${command}'.\n\n${USAGE}`)
  }
}

function parse(): { values: CliOptions; positionals: string[] } {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true, strict: true })
  } catch (error) {
    throw new CliError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  }
}

try {
  await main()
} catch (error) {
  // A stack helps only where the fault is ours.
  const isExpected = error instanceof CliError || (error instanceof Error && error.name === 'PartnerError')
  console.error(isExpected ? (error as Error).message : error)
  process.exitCode = 1
}
