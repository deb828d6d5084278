import type { CaseName, Host, ProblemCode, SentKey, SyncKey } from 'web-sync-protocol'

/** What the partner tells its operator; no record values, no ids of records. */
export type PartnerEvent =
  | ExchangeEvent
  /** A page of a reply was committed and handed over for sending. */
  | {
      readonly type: 'page'
      readonly atMs: number
      readonly requestId: string
      readonly account: string
      readonly space: string
      readonly partnershipId: string
      readonly key: SyncKey
      readonly isSettled: boolean
      readonly changes: number
      readonly more: boolean
    }
  /** A request got a problem before an engine looked at it, or because none could: no exchange was judged, nothing was stored. */
  | {
      readonly type: 'turned-away'
      readonly atMs: number
      readonly request: 'ask' | 'events'
      readonly problem: ProblemCode
    }
  /** The partner's own write, by `transact` or an import. */
  | { readonly type: 'own-write'; readonly atMs: number; readonly space: string; readonly changes: number }
  /** A bug or a broken platform: the request was answered 500 (or its stream ended) and nothing of it was stored. */
  | { readonly type: 'error'; readonly atMs: number; readonly where: string; readonly error: unknown }
  /** An initiator asked again because the digests of the last page differed: the net under all other nets caught something. */
  | { readonly type: 'digest-mismatch'; readonly atMs: number; readonly space: string; readonly partnershipId: string }

/** An ask was answered: with a first page, or with a problem. */
export interface ExchangeEvent {
  readonly type: 'exchange'
  readonly atMs: number
  /** Milliseconds from the parsed ask to the commit of its first page. */
  readonly tookMs: number
  readonly requestId: string
  readonly account: string
  readonly space: string
  readonly replicaId: string
  readonly host: Host
  /** Which row of the table it was; null if the ask did not get so far. */
  readonly case: CaseName | null
  readonly from: SentKey
  /** The partnership of the reply; for problems that of the ask. */
  readonly partnershipId: string | null
  /** The first page's key; null for a problem. */
  readonly key: SyncKey | null
  readonly problem: ProblemCode | null
  readonly mutations: {
    readonly accepted: number
    readonly duplicate: number
    /** By a rule, or by another write that came first. */
    readonly refused: number
    /** Of the refused ones those that another write came before. */
    readonly conflicts: number
    readonly later: number
  }
}
