import type { SentKey } from '../sync-key.ts'
import { PROTOCOL_VERSION } from '../version.ts'
import { parseRandomId, parseSentKey } from './ids.ts'
import { parseInteger, parseObject, parseOptional } from './parse.ts'

/** The head of a reply: its first line. Each further line is a page ({@link parsePage}). */
export interface ReplyHead {
  readonly protocol: number
  /** Echo of the ask's; anything else is not our answer. */
  readonly requestId: string
  /** The key that it answers. */
  readonly from: SentKey
  /** The partnership that the pages' keys belong to: a new one after key 0 and after a fork. */
  readonly partnershipId: string
  /** The partner's own id, which goes along with its database; null: it does not say. */
  readonly partnerId: string | null
  /** The largest n of the partnership whose effects the partner knows to survive loss of its primary; 0 if it knows nothing. */
  readonly durable: number
  /** Set if the partner found that the initiator went back or was cloned: from the first page on it is this replica. */
  readonly forked: { readonly replicaId: string } | null
}

/** Parses a reply's head at the initiator's door. */
export function parseReplyHead(input: unknown, path: string): ReplyHead {
  const fields = parseObject(input, path)
  return {
    protocol: parseInteger(fields['protocol'], `${path}/protocol`, PROTOCOL_VERSION, PROTOCOL_VERSION),
    requestId: parseRandomId(fields['requestId'], `${path}/requestId`),
    from: parseSentKey(fields['from'], `${path}/from`),
    partnershipId: parseRandomId(fields['partnershipId'], `${path}/partnershipId`),
    partnerId: parseOptional(fields['partnerId'], `${path}/partnerId`, parseRandomId),
    durable: parseInteger(fields['durable'], `${path}/durable`, 0),
    forked: parseOptional(fields['forked'], `${path}/forked`, (forked, at) => ({
      replicaId: parseRandomId(parseObject(forked, at)['replicaId'], `${at}/replicaId`),
    })),
  }
}
