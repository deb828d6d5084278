/** What the demo's own endpoints answer, as the page reads it. */

/** A checkpoint on the server's side. */
export interface ServerCheckpoint {
  readonly n: number
  readonly tag: string
  readonly parentTag: string | null
  readonly isPresented: boolean
  readonly isSettled: boolean
}

/** A partnership of the signed-in account, with its checkpoints in order of n. */
export interface ServerPartnership {
  readonly partnershipId: string
  readonly replicaId: string
  readonly isProvisional: boolean
  readonly lastSeenAtMs: number
  readonly checkpoints: readonly ServerCheckpoint[]
}

/** One exchange as the server saw it. */
interface ServerExchange {
  readonly seq: number
  readonly atMs: number
  readonly account: string
  readonly host: string
  readonly replicaId: string
  readonly partnershipId: string | null
  readonly case: string | null
  readonly from: number
  readonly to: number | null
  readonly mutations: {
    readonly accepted: number
    readonly duplicate: number
    readonly refused: number
    readonly later: number
  }
  readonly problem: string | null
  readonly isReplyDropped: boolean
}

/** The partner's side of the sync key's life. */
export interface ServerView {
  readonly inspection: {
    readonly head: number
    readonly durableHead: number
    readonly isRestoreSeen: boolean
    readonly partnerships: readonly ServerPartnership[]
  }
  readonly exchanges: readonly ServerExchange[]
}

/** What trouble is on, and which backups there are. */
export interface TroubleReport {
  readonly trouble: {
    readonly isCut: boolean
    readonly dropReplies: number
    readonly answer: { readonly status: 401 | 500 | 503; readonly times: number } | null
    readonly revoked: readonly string[]
  }
  readonly backups: {
    readonly count: number
    readonly newest: readonly { readonly seq: number; readonly atMs: number; readonly bytes: number }[]
  }
}
