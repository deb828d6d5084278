import type { CheckpointName, SentKey } from '../sync-key.ts'
import type { ResetKind } from '../wire/problem.ts'

/**
 * The table of cases (docs/protocol.md section 5), as a pure function: what is stored → what the sent key means.
 *
 *     sent key ──► primary? ──► well-formed? ──► 0? ──► partnership? ──► checkpoint? ──► above the floor? ──► successors?
 *                    K8             K7           K0         K6             K4 / K5            K4          K1 K2 K3 K3'
 *
 * Total: every combination of facts has exactly one verdict.
 */
export interface KeyFacts {
  /** False on a standby or replica: it must never judge a key. */
  readonly isPrimary: boolean
  readonly key: SentKey | 'malformed'
  /** The partnership, looked up by (account, space, partnershipId); null: there is none. */
  readonly partnership: { /** Smallest n that is kept; null: none. */ readonly oldestKept: number | null } | null
  /** The checkpoint of exactly this (n, tag); null: there is none. */
  readonly checkpoint: CheckpointFacts | null
  /** Change number below which the log has been pruned: a cut below it cannot be served. */
  readonly logFloor: number
  /** True if this requestId is among the last 64 of the partnership. */
  readonly isRequestSeen: boolean
  /** True if the space's history shows a restore. */
  readonly isRestoreSeen: boolean
  /** The newest of the ask's `have` that the partner has under any partnership of this account and space, and can serve. */
  readonly rollbackTo: CheckpointName | null
}

/** What is stored of the checkpoint that the key names. */
export interface CheckpointFacts {
  readonly cut: number
  readonly hasSuccessor: boolean
  readonly isSuccessorPresented: boolean
  readonly isSiblingPresented: boolean
  /** True if the ask's collections differ from the checkpoint's. */
  readonly hasOtherCollections: boolean
}

/** What the partner does. */
export type Verdict =
  /** Begin from nothing, under a new partnership. */
  | { readonly case: 'K0'; readonly action: 'begin' }
  /** Serve from the checkpoint. `K1c`: and settle the difference of collections, so n+1 is always issued. */
  | { readonly case: 'K1' | 'K1c' | 'K2'; readonly action: 'serve'; readonly hasOtherCollections: boolean }
  /** Serve from the checkpoint under a new partnership and replica. */
  | { readonly case: 'K3'; readonly action: 'fork'; readonly hasOtherCollections: boolean }
  /** A late duplicate: repeat the outcome, change nothing. */
  | { readonly case: "K3'"; readonly action: 'repeat' }
  | {
      readonly case: 'K4'
      readonly action: 'expired'
      readonly reason: 'thinned' | 'log-floor'
      readonly reset: ResetKind
    }
  | {
      readonly case: 'K5' | 'K6'
      readonly action: 'roll-back'
      readonly reason: 'regressed' | 'unknown'
      readonly rollbackTo: CheckpointName | null
    }
  | { readonly case: 'K7'; readonly action: 'malformed' }
  | { readonly case: 'K8'; readonly action: 'behind' }

/** The case of a verdict. */
export type CaseName = Verdict['case']

/** Judges a sent key. Pure and total; invalid keys change nothing, because the verdict is reached before anything is written. */
export function judgeKey(facts: KeyFacts): Verdict {
  if (!facts.isPrimary) return { case: 'K8', action: 'behind' }
  const { key, partnership, checkpoint } = facts
  if (key === 'malformed') return { case: 'K7', action: 'malformed' }
  if (key === 0) return { case: 'K0', action: 'begin' }
  if (partnership === null) {
    return { case: 'K6', action: 'roll-back', reason: 'unknown', rollbackTo: facts.rollbackTo }
  }
  if (checkpoint === null) return judgeMissing(facts, key.n, partnership.oldestKept)
  if (checkpoint.cut < facts.logFloor) return expired(facts, 'log-floor')
  return judgeKnown(checkpoint, facts.isRequestSeen)
}

/** No checkpoint of this (n, tag): thinned away if it is older than all that are kept, else the partner's history is another one. */
function judgeMissing(facts: KeyFacts, n: number, oldestKept: number | null): Verdict {
  if (oldestKept !== null && n < oldestKept) return expired(facts, 'thinned')
  return { case: 'K5', action: 'roll-back', reason: 'regressed', rollbackTo: facts.rollbackTo }
}

function judgeKnown(checkpoint: CheckpointFacts, isRequestSeen: boolean): Verdict {
  const { hasOtherCollections } = checkpoint
  if (checkpoint.isSuccessorPresented || checkpoint.isSiblingPresented) {
    return isRequestSeen ? { case: "K3'", action: 'repeat' } : { case: 'K3', action: 'fork', hasOtherCollections }
  }
  if (hasOtherCollections) return { case: 'K1c', action: 'serve', hasOtherCollections }
  return { case: checkpoint.hasSuccessor ? 'K2' : 'K1', action: 'serve', hasOtherCollections }
}

function expired(facts: KeyFacts, reason: 'thinned' | 'log-floor'): Verdict {
  return { case: 'K4', action: 'expired', reason, reset: facts.isRestoreSeen ? 'upload' : 'apply' }
}
