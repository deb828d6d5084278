import { msToIso, systemClock } from '../contract/wall-clock.ts'
import { createJsonLog, type PartnerEvent } from '../index.ts'
import { type ErrorFacts, errorFacts } from '../monitoring/index.ts'
import { CliError } from './cli-error.ts'
import type { CliOptions } from './options.ts'

/** What `serve` says of itself. */
export interface ServeLog {
  onEvent(event: PartnerEvent): void
  /** `fact` names what happened to the process itself; `text` says it to people. */
  say(fact: string, text: string, facts?: Readonly<Record<string, unknown>>): void
  /** As {@link ServeLog.say}, of what needs somebody's attention. */
  warn(fact: string, text: string): void
  /** Something failed that is tried again. */
  complain(where: string, error: unknown): void
}

/** Lines of JSON for a collector, or a few words for people: `--log`. */
export function createServeLog(options: CliOptions): ServeLog {
  const { log = 'text' } = options
  if (log !== 'text' && log !== 'json') throw new CliError("--log must be 'text' or 'json'.")
  const hasMessages = options['log-messages'] === true
  return log === 'json' ? jsonLog(hasMessages) : textLog(hasMessages)
}

function jsonLog(hasMessages: boolean): ServeLog {
  const onEvent = createJsonLog({ write, hasMessages })
  return {
    onEvent,
    say: (event, _text, facts = {}) => write(JSON.stringify({ at: msToIso(systemClock.nowMs()), event, ...facts })),
    warn: (event) => write(JSON.stringify({ at: msToIso(systemClock.nowMs()), event })),
    complain: (where, error) => onEvent({ type: 'error', atMs: systemClock.nowMs(), where, error }),
  }
}

function textLog(hasMessages: boolean): ServeLog {
  const complain = (where: string, error: unknown): void =>
    console.error(`error in ${where}: ${toText(errorFacts(error, hasMessages))}`)
  return {
    onEvent: (event) => {
      if (event.type === 'error') complain(event.where, event.error)
    },
    say: (_fact, text) => console.log(text),
    warn: (_fact, text) => console.error(text),
    complain,
  }
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** As the platform shows an error, of what may be logged. */
function toText({ name, code, message, stack = [], cause }: ErrorFacts): string {
  const head = [name, ...(code === undefined ? [] : [`(${code})`]), ...(message === undefined ? [] : [message])].join(
    ' ',
  )
  const lines = [
    head,
    ...stack.map((frame) => `    ${frame}`),
    ...(cause === undefined ? [] : [`caused by ${toText(cause)}`]),
  ]
  return lines.join('\n')
}
