import type { Digest } from '../digest.ts'
import type { CheckpointName, SentKey } from '../sync-key.ts'
import { LIMITS } from '../limits.ts'
import { PROTOCOL_VERSION } from '../version.ts'
import { parseAppName, parseCheckpointName, parseCollectionName, parseRandomId, parseSentKey } from './ids.ts'
import { type Mutation, type MutationFrame, parseMutationFrame } from './mutation.ts'
import { parseDigest } from './page.ts'
import { ParseFault, parseArray, parseInteger, parseObject, parseOneOf, parseOptional, parseText } from './parse.ts'

/** Where the initiator's engine runs; for logs and tests only. */
export type Host = 'worker' | 'service-worker'

/** How much one reply may carry at most. */
export interface ReplyLimit {
  /** Changes in one page, 1 … {@link LIMITS}.pageChanges. */
  readonly changes: number
  /** Bytes of one page, 1 … {@link LIMITS}.pageBytes. */
  readonly bytes: number
  /** Pages in the reply, 1 … {@link LIMITS}.pagesPerReply. */
  readonly pages: number
}

/** What an initiator asks, whole. */
export interface Ask {
  readonly protocol: number
  /** Drawn anew for each attempt. */
  readonly requestId: string
  /** Name of the app: the partner of another app answers 403 `other-app`. null: the sender does not say, and is not asked. */
  readonly app: string | null
  /**
   * The account that the store is bound to: an assertion, not an authority. The partner takes the account from the authenticated
   * request and answers 403 `account-mismatch` if it is another one, so a second sign-in never sends the first one's outbox.
   */
  readonly account: string
  readonly replicaId: string
  readonly space: string
  /** null before the first reply, and with key 0. */
  readonly partnershipId: string | null
  readonly key: SentKey
  /** Settled checkpoints that the initiator can roll back to, newest first. */
  readonly have: readonly CheckpointName[]
  readonly collections: readonly string[]
  readonly schemaVersion: number
  readonly mutations: readonly Mutation[]
  readonly limit: ReplyLimit
  /** Sent only in the one retry after a digest mismatch, so that the partner can report it too. */
  readonly digest?: Digest
  readonly host: Host
}

/** An ask as it comes through the partner's door: everything is checked but the operations of its mutations. */
export type ReceivedAsk = Omit<Ask, 'mutations' | 'digest'> & {
  readonly mutations: readonly MutationFrame[]
  readonly digest: Digest | null
}

/** Parses an ask at the partner's door. A key that this refuses is case K7. */
export function parseAsk(input: unknown, path: string): ReceivedAsk {
  const fields = parseObject(input, path)
  const at = (field: string): [unknown, string] => [fields[field], `${path}/${field}`]
  const key = parseSentKey(...at('key'))
  const partnershipId = parseOptional(...at('partnershipId'), parseRandomId)
  if (key !== 0 && partnershipId === null) throw new ParseFault(`${path}/partnershipId`, 'must be given with a key')
  const collections = parseArray(...at('collections'), LIMITS.collections, parseCollectionName)
  if (collections.length === 0) throw new ParseFault(`${path}/collections`, 'must name at least one collection')
  return {
    protocol: parseInteger(...at('protocol'), PROTOCOL_VERSION, PROTOCOL_VERSION),
    requestId: parseRandomId(...at('requestId')),
    app: parseOptional(...at('app'), parseAppName),
    account: parseText(...at('account'), LIMITS.nameLength),
    replicaId: parseRandomId(...at('replicaId')),
    space: parseText(...at('space'), LIMITS.nameLength),
    partnershipId,
    key,
    have: parseArray(...at('have'), LIMITS.have, parseCheckpointName),
    collections: [...new Set(collections)].toSorted(),
    schemaVersion: parseInteger(...at('schemaVersion'), 1),
    mutations: parseArray(...at('mutations'), LIMITS.mutationsPerAsk, parseMutationFrame),
    limit: parseLimit(...at('limit')),
    digest: parseOptional(...at('digest'), parseDigest),
    host: parseOneOf(...at('host'), ['worker', 'service-worker']),
  }
}

function parseLimit(input: unknown, path: string): ReplyLimit {
  const fields = parseObject(input, path)
  return {
    changes: parseInteger(fields['changes'], `${path}/changes`, 1, LIMITS.pageChanges),
    bytes: parseInteger(fields['bytes'], `${path}/bytes`, 1, LIMITS.pageBytes),
    pages: parseInteger(fields['pages'], `${path}/pages`, 1, LIMITS.pagesPerReply),
  }
}
