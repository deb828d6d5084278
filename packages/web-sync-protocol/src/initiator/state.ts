import { PERIODS } from '../limits.ts'
import type { CheckpointName } from '../sync-key.ts'
import type { Problem, ResetKind } from '../wire/problem.ts'

/**
 * What the initiator remembers between runs; stored, so that a wait survives a restart and a culprit is found over many runs.
 */
export interface Memory {
  /** Attempts that failed in a row, of whatever kind: the exponent of the backoff. */
  readonly failures: number
  /** Rollbacks and resyncs with no confirmed exchange between them; at {@link MAX_RESETS} the state is `degraded`. */
  readonly resets: number
  /** True if a page was committed since the last reset: the next answer to its key confirms the exchange. */
  readonly isKeyUnconfirmed: boolean
  /** True if the last page had a wrong digest: the second time in a row is a full resync. */
  readonly isDigestDoubted: boolean
  /** Runs in a row that were answered `access-ended`. */
  readonly accessEndedRuns: number
  /** The search for a mutation that always fails (docs/protocol.md section 6, rule 7). */
  readonly search: Search
  /**
   * Mutations that an ask carries at most after it failed repeatedly, of whatever kind; null: as many as fit. Halved by each failure from
   * the third in a row on, doubled by each success: an ask that always dies on its way gets smaller, and nobody is accused.
   */
  readonly askLimit: number | null
  /** No attempt before this time, unless {@link transition} finds the wake-up reason good enough; null: at once. */
  readonly wait: Wait | null
  /** Set while the machine is halted. */
  readonly halt: HaltCode | null
  /** Asks that have led to nothing; the host counts them, so that all contexts of a device share one bucket. Missing: none. */
  readonly idleAsks?: IdleAsks
}

/** Asks that have led to nothing, at most as many as a minute may have. */
export interface IdleAsks {
  /** When they were counted last, in milliseconds since 1970. */
  readonly countedAtMs: number
  /** How old they were then, in milliseconds. */
  readonly agesMs: readonly number[]
}

/**
 * The search for a mutation that always fails: the same ask failed three times, so one without mutations is tried; if that passes, the
 * mutations are halved until the culprit is alone, and tried alone until it has failed {@link MAX_SAME_ASK_FAILURES} times, each time
 * with an ask that passed without it: an outage that begins or ends in mid-search accuses nobody.
 *
 *     none ─3 failures─► probing ─passes─► halving ─fails─► probing ─passes─► … ─alone, 3 failures, passes─► set aside
 *
 * `limit` is the number of mutations in an ask; `suspect`: the mutation that failed alone last (its id; null: none has), and
 * `aloneFailures` how often it has in a row. Another one in front (the app has sent one again that was set aside) is not accused of
 * what this one did.
 */
export type Search =
  | { readonly type: 'none'; readonly sameAskFailures: number }
  /** Asking without mutations, to see whether it is the mutations' fault; `limit`: how many were in the ask that failed. */
  | {
      readonly type: 'probing'
      readonly limit: number
      readonly suspect: string | null
      readonly aloneFailures: number
    }
  | {
      readonly type: 'halving'
      readonly limit: number
      readonly suspect: string | null
      readonly aloneFailures: number
    }

/** A wait between attempts. */
export interface Wait {
  /** Milliseconds since 1970. */
  readonly untilMs: number
  readonly reason: FailureReason
}

/** Why local use goes on but no exchange is tried. */
export type HaltCode = 'sign-in' | 'account-mismatch' | 'forbidden' | 'access-ended' | 'update'

/** Why an attempt failed without an answer of our partner. */
export type FailureReason =
  | 'network'
  | 'timeout'
  /** An answer without our marker or the echo of the request: a captive portal, a proxy's page, a firewall. */
  | 'not-our-partner'
  /** The partner of another app answers at this address. */
  | 'other-app'
  /** 429 or 503: Retry-After is obeyed. */
  | 'busy'
  | 'server-error'
  /** The device's own storage failed: quota, a broken database. */
  | 'storage'
  /** `access-ended` was said once; it is believed when a second run hears it too. */
  | 'access-doubted'
  /** Too many resets in a row: one attempt an hour. */
  | 'degraded'

/** What the initiator is doing. Flat: each member holds only its own facts beside the memory. */
export type InitiatorState =
  | { readonly type: 'idle'; readonly memory: Memory }
  /** An ask is on its way, or its reply's pages are. */
  | { readonly type: 'asking'; readonly memory: Memory; readonly sent: Sent }
  | { readonly type: 'committing'; readonly memory: Memory; readonly sent: Sent }
  | { readonly type: 'rollingBack'; readonly memory: Memory }
  | { readonly type: 'resyncing'; readonly memory: Memory }
  | { readonly type: 'waiting'; readonly memory: Memory; readonly wait: Wait }
  | { readonly type: 'halted'; readonly memory: Memory; readonly code: HaltCode }
  | { readonly type: 'degraded'; readonly memory: Memory; readonly untilMs: number }

/** What is known of the ask under way. */
export interface Sent {
  /** How many mutations it carries. */
  readonly mutations: number
  /** Id of the first of them; null: it carries none. */
  readonly firstMutation: string | null
  /** True if its key is settled; the exchanges of a first sync or full resync confirm nothing. */
  readonly isSettled: boolean
  /** True if the credentials were refreshed for it already. */
  readonly isAuthRefreshed: boolean
  /** Stale answers in a row before it. */
  readonly staleAnswers: number
}

/** Why the initiator is woken. */
export type WakeReason = 'start' | 'write' | 'nudge' | 'online' | 'timer' | 'sync-event' | 'retry' | 'sign-in'

/** What happens to the initiator; time and chance arrive inside. `random` is in [0, 1). */
export type InitiatorEvent =
  /** `waitedUntilMs`: the wait until then was measured by a timer, whatever the clock says; missing: none was. */
  | { readonly type: 'wake'; readonly reason: WakeReason; readonly nowMs: number; readonly waitedUntilMs?: number }
  /** The ask was composed and is being sent. */
  | {
      readonly type: 'sent'
      readonly mutations: number
      readonly firstMutation: string | null
      readonly isSettled: boolean
    }
  /** A page of the reply was read and parsed. */
  | { readonly type: 'page' }
  /** The page's transaction ended. */
  | { readonly type: 'committed'; readonly result: CommitResult; readonly nowMs: number; readonly random: number }
  /**
   * The reply ended, whole or cut, after at least one page was applied (one that ended before is `failed`, and so is one that brought
   * nothing but `later`: else the machine would ask again at once, for ever). `hasMore`: the partner has more, or sendable mutations
   * wait, or the stream was cut.
   */
  | { readonly type: 'replyEnded'; readonly hasMore: boolean }
  | {
      readonly type: 'problem'
      readonly problem: Problem
      readonly retryAfterMs: number | null
      readonly nowMs: number
      readonly random: number
    }
  | { readonly type: 'failed'; readonly reason: FailureReason; readonly nowMs: number; readonly random: number }
  | { readonly type: 'authRefreshed'; readonly isSignedIn: boolean }
  | {
      readonly type: 'rolledBack'
      readonly result: 'done' | 'stale' | 'unrestorable' | 'failed'
      readonly nowMs: number
      readonly random: number
    }
  | {
      readonly type: 'resyncBegun'
      readonly result: 'done' | 'stale' | 'failed'
      readonly nowMs: number
      readonly random: number
    }
  | { readonly type: 'stop' }

/** How a page's transaction ended. Nothing but `applied` changed anything. */
export type CommitResult =
  | 'applied'
  /** The stored key is no longer the one that was asked with: the answer is dropped. */
  | 'stale'
  /** The partner's digest is not that of the data: nothing was applied. */
  | 'digest-mismatch'
  /** The transaction aborted: quota, a broken database. */
  | 'failed'

/** What is to be done next; the engine does it and reports by an event. */
export type InitiatorEffect =
  /** Compose an ask and send it: with at most so many mutations (null: as many as fit). */
  | { readonly type: 'ask'; readonly maxMutations: number | null; readonly withDigest: boolean }
  /** Apply the page that was read. */
  | { readonly type: 'commitPage' }
  | { readonly type: 'refreshAuth' }
  | { readonly type: 'rollBack'; readonly to: CheckpointName }
  | { readonly type: 'beginResync'; readonly reset: ResetKind; readonly cause: ResyncCause }
  /** Take this mutation out of the way: visible, retryable, the others pass. */
  | { readonly type: 'setAside'; readonly mutationId: string; readonly code: 'undeliverable' | 'too-large' }
  /** Remove base, undo and salvage; outbox and journal stay as refused entries. */
  | { readonly type: 'removeAccess' }
  /** Tell the app and the partner's operator. */
  | { readonly type: 'report'; readonly code: 'digest-mismatch' | 'degraded' }
  /** Store the memory; the run is over. */
  | { readonly type: 'end' }

/** Why a full resync begins. */
export type ResyncCause = 'regressed' | 'unknown' | 'expired' | 'digest-mismatch' | 'unrestorable'

/** Rollbacks or resyncs in a row after which the state is `degraded`. */
export const MAX_RESETS = 3
/** Failures of the same ask after which the mutations are suspected. */
export const MAX_SAME_ASK_FAILURES = 3
/** Stale answers in a row (another run moved the key meanwhile) after which the next ask waits. */
export const MAX_STALE_ANSWERS = 3
/** The longest wait between attempts. */
export const MAX_WAIT_MS: number = PERIODS.waitMs
/** The first wait's upper bound; it doubles with each failure, with full jitter. */
export const BASE_WAIT_MS = 1_000
/** The wait in `degraded`. */
export const DEGRADED_WAIT_MS: number = 60 * 60_000

/** The memory of a new store. */
export const INITIAL_MEMORY: Memory = {
  failures: 0,
  resets: 0,
  isKeyUnconfirmed: false,
  isDigestDoubted: false,
  accessEndedRuns: 0,
  search: { type: 'none', sameAskFailures: 0 },
  askLimit: null,
  wait: null,
  halt: null,
}
