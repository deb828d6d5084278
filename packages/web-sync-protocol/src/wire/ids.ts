import type { CheckpointName, SentKey, SyncKey } from '../sync-key.ts'
import { INITIAL_KEY } from '../sync-key.ts'
import { isRecordVersion, type RecordVersion } from '../record-version.ts'
import { isAppName, isCollectionName } from '../schema.ts'
import { isRecordId } from '../values/check-value.ts'
import { LIMITS } from '../limits.ts'
import { ParseFault, parseInteger, parseObject, parsePattern } from './parse.ts'

const RANDOM_128 = /^[0-9a-f]{32}$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** 128 random bits as 32 lower-case hexadecimal digits: partnershipId, replicaId, requestId, tag. */
export function parseRandomId(input: unknown, path: string): string {
  return parsePattern(input, path, RANDOM_128, '32 lower-case hexadecimal digits')
}

/** A UUID in lower case: mutationId. */
export function parseUuid(input: unknown, path: string): string {
  return parsePattern(input, path, UUID, 'a UUID in lower case')
}

/** A sync key; case K7 is whatever this refuses. */
export function parseSyncKey(input: unknown, path: string): SyncKey {
  const key = parseObject(input, path)
  return { n: parseInteger(key['n'], `${path}/n`, 1), tag: parseRandomId(key['tag'], `${path}/tag`) }
}

/** A sync key or 0. */
export function parseSentKey(input: unknown, path: string): SentKey {
  return input === 0 ? INITIAL_KEY : parseSyncKey(input, path)
}

/** A checkpoint named from outside its partnership. */
export function parseCheckpointName(input: unknown, path: string): CheckpointName {
  const entry = parseObject(input, path)
  return { partnershipId: parseRandomId(entry['partnershipId'], `${path}/partnershipId`), ...parseSyncKey(input, path) }
}

/** A record id. */
export function parseRecordId(input: unknown, path: string): string {
  if (!isRecordId(input)) {
    throw new ParseFault(path, `must be a string of 1 to ${LIMITS.idLength} well-formed characters without U+0000`)
  }
  return input
}

/** A record version. */
export function parseRecordVersion(input: unknown, path: string): RecordVersion {
  if (!isRecordVersion(input)) throw new ParseFault(path, 'must be a record version')
  return input
}

/** A collection name, known to the schema or not. */
export function parseCollectionName(input: unknown, path: string): string {
  if (!isCollectionName(input)) throw new ParseFault(path, 'must be a collection name')
  return input
}

/** The name of an app. */
export function parseAppName(input: unknown, path: string): string {
  if (!isAppName(input)) throw new ParseFault(path, 'must be the name of an app')
  return input
}
