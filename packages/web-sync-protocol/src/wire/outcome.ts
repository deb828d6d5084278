import type { RecordVersion } from '../record-version.ts'
import { LIMITS } from '../limits.ts'
import { parseCollectionName, parseRecordId, parseRecordVersion, parseUuid } from './ids.ts'
import { parseMutationIds } from './mutation.ts'
import { ParseFault, parseArray, parseBoolean, parseObject, parseOneOf, parseOptional, parseText } from './parse.ts'

/** Why a mutation had no effect. The same string on the wire, in logs and in the app. */
export type RefusalCode = (typeof REFUSAL_CODES)[number]

/** All codes of refused and conflicting mutations; see docs/errors.md. */
export const REFUSAL_CODES = [
  'id-reused',
  'invalid-value',
  'invalid-record',
  'unknown-collection',
  'not-allowed',
  'read-only',
  'too-large',
  'depends-on-refused',
  'outcome-forgotten',
  'record-exists',
  'record-deleted',
  'record-changed',
  'stale-base',
] as const

/** The version that an accepted mutation gave a record; null: it was deleted, or the operation had nothing to do. */
export interface OutcomeVersion {
  readonly collection: string
  readonly id: string
  readonly version: RecordVersion | null
  /**
   * Of a deletion whose author had seen everything: the mutations that had made the record, at most
   * {@link LIMITS.priorMutations}, the first and the latest. After a restore it waits for whichever
   * of them comes. Default: nothing is said.
   */
  readonly mutations?: readonly string[]
}

/** An accepted mutation. */
export interface AcceptedOutcome {
  readonly mutationId: string
  readonly type: 'accepted'
  /** True if it was answered before: this repeats the first outcome. */
  readonly duplicate: boolean
  /** True if a record had changed meanwhile and the mutation was merged into it. */
  readonly merged: boolean
  readonly versions: readonly OutcomeVersion[]
}

/**
 * A mutation without effect. `conflict`: another write came first; `refused`: a rule forbids it. It carries no records: the device has
 * the partner's version of what the mutation names in its base, and a small refused ask must not have a large answer.
 */
export interface RefusedOutcome {
  readonly mutationId: string
  readonly type: 'refused' | 'conflict'
  readonly duplicate: boolean
  readonly code: RefusalCode
  /** For people; may be empty. At most {@link LIMITS}.refusalText units. */
  readonly message: string
  /** JSON pointer into the mutation's `ops`; '' is the whole. At most {@link LIMITS}.refusalText units: the rest is cut off. */
  readonly path: string
}

/** Not tried (limit, busy): ask again; then all that follow it are `later` too. */
export interface LaterOutcome {
  readonly mutationId: string
  readonly type: 'later'
}

/** The partner's answer to one mutation. */
export type Outcome = AcceptedOutcome | RefusedOutcome | LaterOutcome

/** Parses an outcome at the initiator's door. */
export function parseOutcome(input: unknown, path: string): Outcome {
  const fields = parseObject(input, path)
  const mutationId = parseUuid(fields['mutationId'], `${path}/mutationId`)
  const type = parseOneOf(fields['type'], `${path}/type`, ['accepted', 'refused', 'conflict', 'later'])
  if (type === 'later') return { mutationId, type }
  const duplicate = parseBoolean(fields['duplicate'], `${path}/duplicate`)
  if (type === 'accepted') {
    const merged = parseBoolean(fields['merged'], `${path}/merged`)
    const versions = parseArray(fields['versions'], `${path}/versions`, LIMITS.opsPerMutation, parseOutcomeVersion)
    return { mutationId, type, duplicate, merged, versions }
  }
  const { message } = fields
  if (typeof message !== 'string') throw new ParseFault(`${path}/message`, 'must be a string')
  const pointer = fields['path']
  if (typeof pointer !== 'string') throw new ParseFault(`${path}/path`, 'must be a string')
  return {
    mutationId,
    type,
    duplicate,
    code: parseRefusalCode(fields['code'], `${path}/code`),
    message: cutRefusalText(message),
    path: cutRefusalText(pointer),
  }
}

/** A message or path of a refused mutation, cut to {@link LIMITS}.refusalText units: an app's validator may write any length. */
export function cutRefusalText(text: string): string {
  return text.length <= LIMITS.refusalText ? text : `${text.slice(0, LIMITS.refusalText - 1).toWellFormed()}…`
}

/** A code that this version does not know must not make the whole page unreadable: it is shown as `not-allowed`. */
function parseRefusalCode(input: unknown, path: string): RefusalCode {
  const code = parseText(input, path, 64)
  return (REFUSAL_CODES as readonly string[]).includes(code) ? (code as RefusalCode) : 'not-allowed'
}

function parseOutcomeVersion(input: unknown, path: string): OutcomeVersion {
  const fields = parseObject(input, path)
  const version = fields['version']
  const mutations = parseOptional(fields['mutations'], `${path}/mutations`, parseMutationIds)
  return {
    collection: parseCollectionName(fields['collection'], `${path}/collection`),
    id: parseRecordId(fields['id'], `${path}/id`),
    version: version === null ? null : parseRecordVersion(version, `${path}/version`),
    ...(mutations === null ? {} : { mutations }),
  }
}
