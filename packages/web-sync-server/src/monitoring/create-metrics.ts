import type { CaseName } from 'web-sync-protocol'
import type { ExchangeEvent, PartnerEvent, StorageStatus } from '../contract/index.ts'
import { Counter } from './counter.ts'
import { Histogram } from './histogram.ts'
import { statusFamilies } from './status-families.ts'
import { TEXT_CONTENT_TYPE, toText } from './text-format.ts'

/** What a partner says of itself: the part of `PartnerStatus` that is shown. */
export interface MeasuredStatus {
  readonly isDraining: boolean
  readonly eventStreams: { readonly streams: number; readonly sent: number }
  readonly storage: StorageStatus | null
}

/** Metrics in the text format of Prometheus; see docs/operations.md for each of them. No account, space, key or id is in them. */
export interface Metrics {
  /** Give it to `createPartner`, alone or called from a listener of your own. */
  onEvent(event: PartnerEvent): void
  /** All metrics as text; the status is the partner's of this moment. */
  text(status: MeasuredStatus): string
  /**
   * Answers GET `path` (default: '/metrics') and nothing else. For a port of its own, or behind your authentication: it is not meant for
   * everybody.
   */
  handler(partner: { status(): MeasuredStatus }, path?: string): (request: Request) => Promise<Response>
}

/** Upper bounds of the latency's buckets, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const CASES: readonly CaseName[] = ['K0', 'K1', 'K1c', 'K2', 'K3', "K3'", 'K4', 'K5', 'K6', 'K7', 'K8']

const OUTCOMES = ['accepted', 'duplicate', 'refused', 'later'] as const

/**
 * Counts what a partner tells.
 *
 * @example
 * const metrics = createMetrics()
 * const partner = createPartner({ …, onEvent: metrics.onEvent })
 * await listen({ fetch: metrics.handler(partner) }, { port: 9464 })
 */
export function createMetrics(): Metrics {
  const exchanges = new Counter(
    'web_sync_exchanges_total',
    'Asks that were judged, by outcome: reply, or the code of the problem.',
    [{ outcome: 'reply' }],
  )
  const cases = new Counter(
    'web_sync_cases_total',
    'Judged asks by their row of the table of cases.',
    CASES.map((name) => ({ case: name })),
  )
  const rollbacks = new Counter(
    'web_sync_rollbacks_total',
    'Answers that sent a device back: its checkpoint is not known here.',
    [{ reason: 'regressed' }, { reason: 'unknown' }],
  )
  const mutations = new Counter(
    'web_sync_mutations_total',
    'Mutations by outcome; conflicts are among the refused.',
    OUTCOMES.map((outcome) => ({ outcome })),
  )
  const conflicts = new Counter('web_sync_conflicts_total', 'Mutations that another write came before.', [{}])
  const turnedAway = new Counter(
    'web_sync_turned_away_total',
    'Requests that got a problem before, or instead of, a judgement.',
  )
  const seconds = new Histogram(
    'web_sync_exchange_seconds',
    'From the parsed ask to the commit of its first page; asks that were judged in a transaction.',
    SECONDS,
  )
  const pages = new Counter('web_sync_pages_total', 'Pages that were committed and handed over for sending.', [{}])
  const changes = new Counter('web_sync_changes_sent_total', 'Changes in these pages.', [{}])
  const ownWrites = new Counter('web_sync_own_changes_total', 'Changes by the partner itself: transact, imports.', [{}])
  const digests = new Counter('web_sync_digest_mismatches_total', 'Digests that did not fit: a bug, or damage.', [{}])
  const errors = new Counter('web_sync_errors_total', 'Bugs, broken platforms, lost listeners; the log has more.', [{}])
  const counters = [exchanges, cases, rollbacks, mutations, conflicts, turnedAway]
  const more = [pages, changes, ownWrites, digests, errors]

  function countExchange(event: ExchangeEvent): void {
    exchanges.add(1, { outcome: event.problem ?? 'reply' })
    if (event.case !== null) cases.add(1, { case: event.case })
    if (event.case === 'K5') rollbacks.add(1, { reason: 'regressed' })
    if (event.case === 'K6') rollbacks.add(1, { reason: 'unknown' })
    for (const outcome of OUTCOMES) mutations.add(event.mutations[outcome], { outcome })
    conflicts.add(event.mutations.conflicts)
    if (event.case !== null && event.case !== 'K8') seconds.observe(event.tookMs / 1_000)
  }

  function onEvent(event: PartnerEvent): void {
    switch (event.type) {
      case 'exchange':
        return countExchange(event)
      case 'page':
        pages.add(1)
        return changes.add(event.changes)
      case 'turned-away':
        return turnedAway.add(1, { request: event.request, problem: event.problem })
      case 'own-write':
        return ownWrites.add(event.changes)
      case 'digest-mismatch':
        return digests.add(1)
      case 'error':
        return errors.add(1)
    }
  }

  const text = (status: MeasuredStatus): string =>
    toText([
      ...counters.map((counter) => counter.family()),
      seconds.family(),
      ...more.map((counter) => counter.family()),
      ...statusFamilies(status),
    ])

  return {
    onEvent,
    text,
    handler:
      (partner, path = '/metrics') =>
      async ({ method, url }) => {
        if (method !== 'GET' || new URL(url).pathname !== path) return new Response('not found\n', { status: 404 })
        const headers = { 'content-type': TEXT_CONTENT_TYPE, 'cache-control': 'no-store' }
        return new Response(text(partner.status()), { headers })
      },
  }
}
