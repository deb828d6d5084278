import type { JsonObject } from '../json.ts'
import type { RecordVersion } from '../record-version.ts'
import { LIMITS } from '../limits.ts'
import { checkObject } from '../values/check-value.ts'
import { parseCollectionName, parseRecordId, parseRecordVersion, parseUuid } from './ids.ts'
import { ParseFault, parseArray, parseBoolean, parseObject, parseOneOf, parseText } from './parse.ts'

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

/** A record as the partner has it: what a refused mutation is reported with. */
export interface PartnerRecord {
  readonly collection: string
  readonly id: string
  /** null: there is no such record. */
  readonly version: RecordVersion | null
  readonly value: JsonObject | null
}

/** The version that an accepted mutation gave a record; null: it was deleted, or the operation had nothing to do. */
export interface OutcomeVersion {
  readonly collection: string
  readonly id: string
  readonly version: RecordVersion | null
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

/** A mutation without effect. `conflict`: another write came first; `refused`: a rule forbids it. */
export interface RefusedOutcome {
  readonly mutationId: string
  readonly type: 'refused' | 'conflict'
  readonly duplicate: boolean
  readonly code: RefusalCode
  /** For people; may be empty. */
  readonly message: string
  /** JSON pointer into the mutation's `ops`; '' is the whole. */
  readonly path: string
  /** The partner's version of the records that the mutation names (as far as the account may see them). */
  readonly records: readonly PartnerRecord[]
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
    message,
    path: pointer,
    records: parseArray(fields['records'], `${path}/records`, LIMITS.opsPerMutation, parsePartnerRecord),
  }
}

/** A code that this version does not know must not make the whole page unreadable: it is shown as `not-allowed`. */
function parseRefusalCode(input: unknown, path: string): RefusalCode {
  const code = parseText(input, path, 64)
  return (REFUSAL_CODES as readonly string[]).includes(code) ? (code as RefusalCode) : 'not-allowed'
}

function parseOutcomeVersion(input: unknown, path: string): OutcomeVersion {
  const fields = parseObject(input, path)
  const version = fields['version']
  return {
    collection: parseCollectionName(fields['collection'], `${path}/collection`),
    id: parseRecordId(fields['id'], `${path}/id`),
    version: version === null ? null : parseRecordVersion(version, `${path}/version`),
  }
}

function parsePartnerRecord(input: unknown, path: string): PartnerRecord {
  const fields = parseObject(input, path)
  const value = fields['value']
  return {
    ...parseOutcomeVersion(input, path),
    value: value === null ? null : parseValue(value, `${path}/value`),
  }
}

function parseValue(input: unknown, path: string): JsonObject {
  const value = checkObject(input)
  if (!value.ok) throw new ParseFault(`${path}${value.path}`, value.message)
  return value.value
}
