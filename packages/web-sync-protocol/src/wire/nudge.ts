import { PERIODS } from '../limits.ts'
import type { SyncKey } from '../sync-key.ts'
import { parseRandomId, parseSyncKey } from './ids.ts'
import { parseInteger, parseObject, parseOptional } from './parse.ts'

/** A hint that news waits, without data; sent by server-sent events (docs/protocol.md section 8). */
export interface Nudge {
  readonly partnershipId: string
  /** The newest key issued to the partnership; null if none is kept. With a smaller n than its own the initiator drops the nudge. */
  readonly key: SyncKey | null
  /** The initiator exchanges after a random part of this. */
  readonly spreadMs: number
}

/** Parses a nudge at the initiator's door. */
export function parseNudge(input: unknown, path: string): Nudge {
  const fields = parseObject(input, path)
  return {
    partnershipId: parseRandomId(fields['partnershipId'], `${path}/partnershipId`),
    key: parseOptional(fields['key'], `${path}/key`, parseSyncKey),
    spreadMs: parseInteger(fields['spreadMs'], `${path}/spreadMs`, 0, PERIODS.nudgeSpreadMs),
  }
}
