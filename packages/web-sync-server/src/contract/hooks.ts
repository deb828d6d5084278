import type { JsonObject, Op, RecordVersion, RefusalCode } from 'web-sync-protocol'

/** What an account may do in a space. `ended`: it had access once and lost it, so its devices remove the space's records. */
export type Access = 'write' | 'read' | 'ended' | null

/**
 * What an account may do in a space. Asked before the transaction of each page, so it may take its time and ask anything.
 * `null`: 403 `forbidden`, nothing is said about the space, not even whether it exists.
 */
export type Authorize = (who: { readonly account: string; readonly space: string }) => Promise<Access> | Access

/** One operation, as the rule for a single mutation sees it. */
export interface AllowRequest {
  readonly account: string
  readonly space: string
  readonly op: Op
  /** The partner's record as it is now, earlier operations of the same mutation included; null: there is none. */
  readonly current: { readonly version: RecordVersion; readonly value: JsonObject } | null
}

/** `true`, or why not: the whole mutation is refused, the others go on. */
export type AllowAnswer =
  | true
  | {
      /** Default: 'not-allowed'. */
      readonly code?: RefusalCode
      /** JSON pointer into the operation, e.g. '/value/title'. Default: the operation as a whole. */
      readonly path?: string
      /** For people; the author sees it. */
      readonly message: string
    }

/**
 * The rule for a single operation. Called inside the transaction, so it must answer at once and without side effects. If it throws,
 * the whole ask fails with 500 `internal` and nothing of it is stored: a bug of the rule must not decide about anybody's write.
 */
export type Allow = (request: AllowRequest) => AllowAnswer

/**
 * Bounds on what one ask may cost; see LIMITS of web-sync-protocol for those that the protocol fixes. One that contradicts what devices rely
 * on is refused by `createPartner`: 'invalid-option'.
 */
export interface PartnerLimits {
  /** Bytes of an ask's body, from LIMITS.leastAskBytes to LIMITS.askBytes. Default: LIMITS.askBytes. */
  readonly askBytes: number
  /** Operations in one ask, all its mutations together; what goes beyond is answered `later`. Default: 20,000. */
  readonly opsPerAsk: number
  /**
   * Work of one ask, all its mutations together: fields read, copied, checked and compared (`weigh` of web-sync-protocol), steps through the
   * log; likewise. The first mutation is always tried. Default: 300,000.
   */
  readonly workPerAsk: number
  /** Bytes that one ask's mutations may read and write, all together; likewise. Default: 8 MiB. */
  readonly bytesPerAsk: number
  /**
   * Partnerships of one account in one space; beyond, provisional and then the longest unseen ones are evicted. At least
   * LIMITS.leastPartnerships. Default: 100.
   */
  readonly partnershipsPerAccount: number
  /** Event streams that are open at once for one account. Default: 20. */
  readonly eventStreamsPerAccount: number
}

/** How long things are kept, in milliseconds. What contradicts PERIODS of web-sync-protocol is refused by `createPartner`: 'invalid-option'. */
export interface Retention {
  /** Log, deleted records among it. Default: 90 days. */
  readonly logMs: number
  /**
   * Outcomes, after the key that carried them was presented, and deletions that wait for what they delete. At least PERIODS.replayMs (90
   * days): until then devices send again what was accepted. Default: PERIODS.replayMs.
   */
  readonly outcomesMs: number
  /** Partnerships that nobody uses. At least PERIODS.replayMs. Default: 400 days. */
  readonly partnershipsMs: number
  /** Partnerships of which no key was ever presented. At least PERIODS.leastProvisionalMs (an hour). Default: 1 day. */
  readonly provisionalMs: number
}
