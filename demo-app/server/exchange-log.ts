import { type CaseName, type Host, type ProblemCode, keyNumber } from 'web-sync-protocol'
import type { ExchangeEvent } from 'web-sync-server'

/** One exchange as the server saw it, for the panel «Under the hood» and for tests. */
interface SeenExchange {
  readonly seq: number
  readonly atMs: number
  readonly account: string
  readonly space: string
  readonly host: Host
  readonly replicaId: string
  readonly partnershipId: string | null
  /** Which row of the table of cases it was. */
  readonly case: CaseName | null
  /** n of the key that was presented. */
  readonly from: number
  /** n of the first key that was issued in the reply; null without one. */
  readonly to: number | null
  readonly mutations: ExchangeEvent['mutations']
  readonly problem: ProblemCode | null
  /** True if the panel «Make trouble» threw the reply away after the commit. */
  readonly isReplyDropped: boolean
}

const SIZE = 400

/** The last exchanges, oldest first. */
export interface ExchangeLog {
  readonly add: (event: ExchangeEvent) => void
  readonly markDropped: (requestId: string) => void
  readonly list: () => readonly SeenExchange[]
}

/** A log of the last 400 exchanges, in memory. */
export function createExchangeLog(): ExchangeLog {
  const entries: { readonly requestId: string; exchange: SeenExchange }[] = []
  let seq = 0
  return {
    add: (event) => {
      seq += 1
      entries.push({ requestId: event.requestId, exchange: toSeen(seq, event) })
      if (entries.length > SIZE) entries.shift()
    },
    markDropped: (requestId) => {
      const entry = entries.findLast((candidate) => candidate.requestId === requestId)
      if (entry !== undefined) entry.exchange = { ...entry.exchange, isReplyDropped: true }
    },
    list: () => entries.map((entry) => entry.exchange),
  }
}

function toSeen(seq: number, event: ExchangeEvent): SeenExchange {
  return {
    seq,
    atMs: event.atMs,
    account: event.account,
    space: event.space,
    host: event.host,
    replicaId: event.replicaId,
    partnershipId: event.partnershipId,
    case: event.case,
    from: keyNumber(event.from),
    to: event.key?.n ?? null,
    mutations: event.mutations,
    problem: event.problem,
    isReplyDropped: false,
  }
}
