import type { Digest } from '../digest.ts'
import type { JsonObject } from '../json.ts'
import type { RecordVersion } from '../record-version.ts'
import type { SyncKey } from '../sync-key.ts'
import { LIMITS } from '../limits.ts'
import { isCollectionName } from '../schema.ts'
import { checkParsed } from '../values/check-value.ts'
import { parseCollectionName, parseRecordId, parseRecordVersion, parseSyncKey, parseUuid } from './ids.ts'
import { type Outcome, parseOutcome } from './outcome.ts'
import {
  ParseFault,
  parseArray,
  parseBoolean,
  parseInteger,
  parseObject,
  parseOneOf,
  parseOptional,
  parsePattern,
} from './parse.ts'

/** An accepted fact travelling down. */
export type Change =
  | {
      readonly type: 'put'
      readonly collection: string
      readonly id: string
      readonly version: RecordVersion
      readonly value: JsonObject
      /** The mutation that caused it, if it is known. */
      readonly mutationId: string | null
    }
  | {
      readonly type: 'delete'
      readonly collection: string
      readonly id: string
      readonly version: RecordVersion
      readonly mutationId: string | null
    }

/** How far the first sync is, in records. */
export interface Progress {
  readonly done: number
  readonly total: number
}

/** A part of a reply that is applied by itself and moves the key by itself. */
export interface Page {
  /** The key after this page: the one that was sent if there was nothing to say, else its successor. */
  readonly key: SyncKey
  /** True if the key is settled: base is then exactly the partner's state at the cut. */
  readonly settled: boolean
  /** The collections that the checkpoint covers (those asked for that the partner knows). */
  readonly collections: readonly string[]
  /** In commit order, whole transactions only; of a snapshot: in (collection, id) order. */
  readonly changes: readonly Change[]
  /** True if the changes are snapshot pages' records: then a change is applied whatever was held before, if it is not older. */
  readonly snapshot: boolean
  readonly outcomes: readonly Outcome[]
  /** True if the partner has more: ask again with this key, or read the stream on. */
  readonly more: boolean
  /** Of the first sync. */
  readonly progress: Progress | null
  /** The partner's digest at the key's cut, if the key is settled and the partner knows it. */
  readonly digest: Digest | null
}

/** Parses a page at the initiator's door. Values are checked: whatever the partner sends, only the value domain is stored. */
export function parsePage(input: unknown, path: string): Page {
  const fields = parseObject(input, path)
  return {
    key: parseSyncKey(fields['key'], `${path}/key`),
    settled: parseBoolean(fields['settled'], `${path}/settled`),
    collections: parseArray(fields['collections'], `${path}/collections`, LIMITS.collections, parseCollectionName),
    // A transaction larger than a page travels whole, so the bound is that of the bytes, kept by the transport.
    changes: parseArray(fields['changes'], `${path}/changes`, Number.MAX_SAFE_INTEGER, parseChange),
    snapshot: parseBoolean(fields['snapshot'], `${path}/snapshot`),
    outcomes: parseArray(fields['outcomes'], `${path}/outcomes`, LIMITS.mutationsPerAsk, parseOutcome),
    more: parseBoolean(fields['more'], `${path}/more`),
    progress: parseOptional(fields['progress'], `${path}/progress`, parseProgress),
    digest: parseOptional(fields['digest'], `${path}/digest`, parseDigest),
  }
}

/** Parses a digest. */
export function parseDigest(input: unknown, path: string): Digest {
  const fields = parseObject(input, path)
  const digest: Record<string, { count: number; sum: string }> = Object.create(null)
  for (const collection of Object.keys(fields)) {
    if (!isCollectionName(collection)) throw new ParseFault(path, 'must have collection names as fields')
    const entry = parseObject(fields[collection], `${path}/${collection}`)
    digest[collection] = {
      count: parseInteger(entry['count'], `${path}/${collection}/count`, 0),
      sum: parsePattern(entry['sum'], `${path}/${collection}/sum`, /^[0-9a-f]{16}$/, '16 hexadecimal digits'),
    }
  }
  return digest
}

function parseChange(input: unknown, path: string): Change {
  const fields = parseObject(input, path)
  const type = parseOneOf(fields['type'], `${path}/type`, ['put', 'delete'])
  const collection = parseCollectionName(fields['collection'], `${path}/collection`)
  const id = parseRecordId(fields['id'], `${path}/id`)
  const version = parseRecordVersion(fields['version'], `${path}/version`)
  const mutationId = parseOptional(fields['mutationId'], `${path}/mutationId`, parseUuid)
  if (type === 'delete') return { type, collection, id, version, mutationId }
  const checked = checkParsed(fields['value'])
  if (!checked.ok) throw new ParseFault(`${path}/value${checked.path}`, checked.message)
  const { value } = checked
  if (value['id'] !== id) throw new ParseFault(`${path}/value/id`, 'must be the id of the record')
  return { type, collection, id, version, mutationId, value }
}

function parseProgress(input: unknown, path: string): Progress {
  const fields = parseObject(input, path)
  return {
    done: parseInteger(fields['done'], `${path}/done`, 0),
    total: parseInteger(fields['total'], `${path}/total`, 0),
  }
}
