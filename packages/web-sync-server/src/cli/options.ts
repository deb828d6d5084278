import { CliError } from './cli-error.ts'

/** All options of all commands, for node:util's parseArgs. */
export const OPTIONS = {
  partner: { type: 'string' },
  data: { type: 'string' },
  postgres: { type: 'string' },
  role: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  path: { type: 'string' },
  listen: { type: 'string' },
  standby: { type: 'string', multiple: true },
  'needs-backup': { type: 'boolean' },
  'health-path': { type: 'string' },
  'ready-path': { type: 'string' },
  'metrics-port': { type: 'string' },
  'metrics-host': { type: 'string' },
  log: { type: 'string' },
  'log-messages': { type: 'boolean' },
  'drain-seconds': { type: 'string' },
  'stop-seconds': { type: 'string' },
  space: { type: 'string' },
  account: { type: 'string' },
  collection: { type: 'string' },
  batch: { type: 'string' },
  to: { type: 'string' },
  from: { type: 'string' },
  confirm: { type: 'boolean' },
  undo: { type: 'boolean' },
  yes: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** The command line, parsed; each command checks what it needs. */
export type CliOptions = {
  readonly [Name in keyof typeof OPTIONS]?: ValueOf<(typeof OPTIONS)[Name]>
}

type ValueOf<Option> = Option extends { readonly multiple: true }
  ? readonly string[]
  : Option extends { readonly type: 'string' }
    ? string
    : boolean

/** An option's text. Throws a CliError if it was not given. */
export function need(
  options: CliOptions,
  name: 'partner' | 'data' | 'postgres' | 'space' | 'collection' | 'to' | 'from',
): string {
  const value = options[name]
  if (value === undefined || value === '') throw new CliError(`--${name} is missing; see web-sync-server --help.`)
  return value
}

/** An option's integer, or the default. Throws a CliError if it is not one between `min` and `max`. */
export function integer(text: string | undefined, name: string, fallback: number, min: number, max: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new CliError(`--${name} must be an integer from ${min} to ${max}.`)
  }
  return value
}
