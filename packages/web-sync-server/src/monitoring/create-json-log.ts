import type { ExchangeEvent, PartnerEvent } from '../contract/index.ts'
import { msToIso } from '../contract/wall-clock.ts'

/** What is logged. */
export interface JsonLogOptions {
  /** Gets each line, without a line break at its end. */
  readonly write: (line: string) => void
  /**
   * True if errors are logged with their messages. Those of hooks and drivers may name what users wrote. Default: false: name, code and
   * stack, whose frames name files and functions only.
   */
  readonly hasMessages?: boolean
}

/** Causes of causes that are followed. */
const MAX_CAUSES = 4
const MAX_FRAMES = 12

/**
 * Writes what a partner tells as lines of JSON: `at` (ISO 8601), `event`, and its facts. Nothing that users chose is in them: no account,
 * space, record, id of a record, credential. Ids are the random ones of the protocol; whose partnership it was says the database
 * (`partnerships` by `partnership_id`).
 */
export function createJsonLog(options: JsonLogOptions): (event: PartnerEvent) => void {
  return (event) => {
    const { type, atMs } = event
    options.write(JSON.stringify({ at: msToIso(atMs), event: type, ...factsOf(event, options) }))
  }
}

function factsOf(event: PartnerEvent, options: JsonLogOptions): Record<string, unknown> {
  switch (event.type) {
    case 'exchange':
      return exchangeFacts(event)
    case 'page': {
      const { requestId, partnershipId, key, isSettled, changes, more } = event
      return { requestId, partnershipId, n: key.n, isSettled, changes, more }
    }
    case 'own-write':
      return { changes: event.changes }
    case 'turned-away':
      return { request: event.request, problem: event.problem }
    case 'digest-mismatch':
      return { partnershipId: event.partnershipId }
    case 'error':
      return { where: event.where, error: errorFacts(event.error, options.hasMessages === true) }
  }
}

function exchangeFacts(event: ExchangeEvent): Record<string, unknown> {
  const { requestId, partnershipId, replicaId, host, from, key, problem, mutations, tookMs } = event
  const facts = { requestId, partnershipId, replicaId, host, case: event.case, problem, tookMs, mutations }
  return { ...facts, from: from === 0 ? 0 : from.n, to: key?.n ?? null }
}

/** What may be logged of an error: nothing that users chose, unless its message is wanted. */
export interface ErrorFacts {
  readonly name: string
  readonly code?: string
  readonly message?: string
  /** Frames of its stack. */
  readonly stack?: readonly string[]
  readonly cause?: ErrorFacts
}

/** Picks from an error what may be logged, and from its causes. */
export function errorFacts(error: unknown, hasMessages: boolean, causes: number = MAX_CAUSES): ErrorFacts {
  if (!(error instanceof Error)) return { name: typeof error }
  const { name, message, cause } = error
  const { code } = error as { readonly code?: unknown }
  return {
    name: isWord(name) ? name : 'Error',
    ...(isWord(code) ? { code } : {}),
    ...(hasMessages ? { message } : {}),
    stack: framesOf(error),
    ...(cause === undefined || causes === 0 ? {} : { cause: errorFacts(cause, hasMessages, causes - 1) }),
  }
}

/** Codes of ours, SQLSTATEs, names of system errors and classes: chosen by programs. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,40}$/.test(value)
}

/** The frames alone: before them the stack repeats the message, which may have any number of lines, and look like frames. */
function framesOf({ stack, message }: Error): readonly string[] {
  if (stack === undefined) return []
  const begin = message === '' ? 0 : stack.indexOf(message)
  // Changed after it was made: where the message ends cannot be told.
  if (begin < 0) return []
  const lines = stack.slice(begin + message.length).split('\n')
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.trim())
}
