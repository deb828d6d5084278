/**
 * The sync key: names the last checkpoint that both sides have.
 *
 * Made by the partner, stored and returned whole by the initiator. `n` is the integer of the claims (0 = initial); `tag` is what
 * tells *same number* from *same history*: 128 random bits drawn for each issued checkpoint. See docs/protocol.md section 2.
 */
export interface SyncKey {
  /** 1 … 2^53−1; one more than the parent checkpoint's. */
  readonly n: number
  /** 32 lower-case hexadecimal digits. */
  readonly tag: string
}

/** The key of an initiator that has nothing yet, or begins again (case K0). */
export const INITIAL_KEY = 0

/** A sync key as it is sent: 0, or the name of a checkpoint. */
export type SentKey = typeof INITIAL_KEY | SyncKey

/** A checkpoint named from outside its partnership: an entry of an ask's `have`, or of a problem's `rollbackTo`. */
export interface CheckpointName extends SyncKey {
  /** 32 lower-case hexadecimal digits. */
  readonly partnershipId: string
}

/** True if both name the same checkpoint (same number *and* same tag), or both are initial. */
export function isSameKey(a: SentKey, b: SentKey): boolean {
  if (a === INITIAL_KEY || b === INITIAL_KEY) return a === b
  return a.n === b.n && a.tag === b.tag
}

/** The integer of the claims: 0 for the initial key. */
export function keyNumber(key: SentKey): number {
  return key === INITIAL_KEY ? 0 : key.n
}
