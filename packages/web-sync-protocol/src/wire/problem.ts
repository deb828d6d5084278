import type { CheckpointName } from '../sync-key.ts'
import { PROTOCOL_VERSION } from '../version.ts'
import { parseCheckpointName } from './ids.ts'
import { ParseFault, parseInteger, parseObject, parseOneOf, parseOptional } from './parse.ts'

/** How base records that the snapshot lacks are taken: `apply`: they were deleted; `upload`: they go to salvage. */
export type ResetKind = 'apply' | 'upload'

/** Codes of problems without further facts, with their HTTP status. */
export const PROBLEM_STATUS = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  'access-ended': 403,
  'account-mismatch': 403,
  'other-app': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'invalid-key': 409,
  expired: 410,
  'too-large': 413,
  version: 426,
  'slow-down': 429,
  internal: 500,
  behind: 503,
  busy: 503,
} as const

/** The code of a problem. */
export type ProblemCode = keyof typeof PROBLEM_STATUS

/** The wire form of a failure (RFC 9457). A fault of a single mutation is never a problem but an outcome. */
export type Problem = {
  readonly protocol: number
  readonly status: number
  /** For people: what happened and what to do next. */
  readonly title: string
  /** JSON pointer into the ask, for `malformed`. */
  readonly path?: string
  /** Echo of the ask's; null if the ask could not be read so far. */
  readonly requestId: string | null
} & (
  | { readonly code: Exclude<ProblemCode, 'invalid-key' | 'expired'> }
  | {
      readonly code: 'invalid-key'
      readonly reason: 'regressed' | 'unknown'
      /** The newest checkpoint of `have` that the partner has; null: begin again. */
      readonly rollbackTo: CheckpointName | null
    }
  | { readonly code: 'expired'; readonly reason: 'thinned' | 'log-floor'; readonly reset: ResetKind }
)

/** What only a partner can say that has read the ask: without the echo of it such a problem is not believed. */
const JUDGEMENTS: readonly ProblemCode[] = ['access-ended', 'account-mismatch', 'other-app', 'invalid-key', 'expired']

/** Parses a problem at the initiator's door. */
export function parseProblem(input: unknown, path: string): Problem {
  const fields = parseObject(input, path)
  const code = parseOneOf(fields['code'], `${path}/code`, Object.keys(PROBLEM_STATUS) as ProblemCode[])
  const { title, requestId } = fields
  if (typeof title !== 'string') throw new ParseFault(`${path}/title`, 'must be a string')
  if (requestId !== null && typeof requestId !== 'string')
    throw new ParseFault(`${path}/requestId`, 'must be a string or null')
  if (requestId === null && JUDGEMENTS.includes(code)) throw new ParseFault(`${path}/requestId`, 'must be the ask’s')
  // Who speaks another version can say so, and nothing else.
  const newest = code === 'version' ? Number.MAX_SAFE_INTEGER : PROTOCOL_VERSION
  const common = {
    protocol: parseInteger(fields['protocol'], `${path}/protocol`, code === 'version' ? 0 : PROTOCOL_VERSION, newest),
    status: parseInteger(fields['status'], `${path}/status`, PROBLEM_STATUS[code], PROBLEM_STATUS[code]),
    title,
    requestId,
    ...(typeof fields['path'] === 'string' ? { path: fields['path'] } : {}),
  }
  if (code === 'invalid-key') {
    return {
      ...common,
      code,
      reason: parseOneOf(fields['reason'], `${path}/reason`, ['regressed', 'unknown']),
      rollbackTo: parseOptional(fields['rollbackTo'], `${path}/rollbackTo`, parseCheckpointName),
    }
  }
  if (code === 'expired') {
    return {
      ...common,
      code,
      reason: parseOneOf(fields['reason'], `${path}/reason`, ['thinned', 'log-floor']),
      reset: parseOneOf(fields['reset'], `${path}/reset`, ['apply', 'upload']),
    }
  }
  return { ...common, code }
}
