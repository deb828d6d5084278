import type { ReceivedAsk, SentKey } from 'web-sync-protocol'
import { type EngineAnswer, type ExchangeEvent, makeProblem, PartnerError, type StopSignal } from '../contract/index.ts'
import type { EngineContext } from './context.ts'
import { answerFirst, type FirstAnswer, type ReadyAsk } from './first-page.ts'
import { foresee } from './foresee.ts'
import type { NumberedOutcome } from './outcome-draft.ts'
import { prepareMutations } from './prepare.ts'
import { streamPages } from './stream.ts'

/** Answers one ask: who may, then the first page's transaction, then the reply is sent. */
export async function answerAsk(
  context: EngineContext,
  account: string,
  ask: ReceivedAsk,
  signal: StopSignal,
): Promise<EngineAnswer> {
  const startMs = context.ports.clock.nowMs()
  const refusal = await findRefusal(context, account, ask)
  if (typeof refusal !== 'string') return refusal
  const partnerId = await unlessBehind(() => context.readPartnerId(ask.key === 0))
  if (partnerId === null) return refuseBehind(context, account, ask)
  const ready: ReadyAsk = {
    partnerId,
    account,
    ask,
    mutations: await prepareMutations(ask.mutations, context.ports.hash),
    canWrite: refusal === 'write',
    collections: ask.collections.filter((name) => Object.hasOwn(context.schema.collections, name)),
    limit: ask.limit,
  }
  const first = await unlessBehind(() => transactFirst(context, ready))
  if (first === null) return refuseBehind(context, account, ask)
  report(context, ready, first, startMs)
  if (first.type === 'problem') return { type: 'problem', problem: first.problem, retryAfterMs: null }
  if (first.changes > 0) {
    // In case K2 another copy of the replica may hold the newer key: a clone that has not been told apart yet wants to hear of this.
    const isOwn = first.case !== 'K2'
    context.notify({ space: ask.space, partnershipId: isOwn ? first.page.partnershipId : null })
  }
  return { type: 'reply', head: first.head, pages: streamPages(context, ready, first.page, signal) }
}

/** Why the account is not answered, or what it may do. */
async function findRefusal(
  context: EngineContext,
  account: string,
  ask: ReceivedAsk,
): Promise<EngineAnswer | 'write' | 'read'> {
  const { space } = ask
  if (ask.app !== null && ask.app !== context.schema.app) return refuse(context, account, ask, 'other-app')
  if (ask.account !== account) return refuse(context, account, ask, 'account-mismatch')
  const access = await context.authorize({ account, space })
  if (access === null) return refuse(context, account, ask, 'forbidden')
  if (access === 'ended') return refuse(context, account, ask, 'access-ended')
  if (context.storage.refusesBehind === true || (await context.storage.isPrimary())) return access
  return refuseBehind(context, account, ask)
}

/** The first page's transaction. */
function transactFirst(context: EngineContext, ready: ReadyAsk): Promise<FirstAnswer> {
  return context.storage.transaction(ready.ask.space, (tx) => answerFirst(context, tx, ready), foresee(ready))
}

/** null: the node is not the primary. */
async function unlessBehind<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PartnerError && error.code === 'behind') return null
    throw error
  }
}

function refuseBehind(context: EngineContext, account: string, ask: ReceivedAsk): EngineAnswer {
  emitExchange(context, account, ask, { case: 'K8', problem: 'behind' })
  return { type: 'problem', problem: makeProblem('behind', ask.requestId), retryAfterMs: 5_000 }
}

function refuse(
  context: EngineContext,
  account: string,
  ask: ReceivedAsk,
  code: 'other-app' | 'account-mismatch' | 'forbidden' | 'access-ended',
): EngineAnswer {
  emitExchange(context, account, ask, { problem: code })
  return { type: 'problem', problem: makeProblem(code, ask.requestId), retryAfterMs: null }
}

function report(context: EngineContext, ready: ReadyAsk, first: FirstAnswer, startMs: number): void {
  const { account, ask } = ready
  const tookMs = context.ports.clock.nowMs() - startMs
  if (first.type === 'problem') {
    emitExchange(context, account, ask, { case: first.case, problem: first.problem.code, tookMs })
    return
  }
  const { page } = first
  emitExchange(context, account, ask, {
    case: first.case,
    partnershipId: page.partnershipId,
    key: page.key,
    mutations: countOutcomes(first.outcomes),
    tookMs,
  })
  if (ask.digest !== null) {
    const atMs = context.ports.clock.nowMs()
    context.emit({ type: 'digest-mismatch', atMs, space: ask.space, partnershipId: page.partnershipId })
  }
}

function emitExchange(context: EngineContext, account: string, ask: ReceivedAsk, facts: Partial<ExchangeEvent>): void {
  const from: SentKey = ask.key
  context.emit({
    type: 'exchange',
    atMs: context.ports.clock.nowMs(),
    tookMs: 0,
    requestId: ask.requestId,
    account,
    space: ask.space,
    replicaId: ask.replicaId,
    host: ask.host,
    case: null,
    from,
    partnershipId: ask.partnershipId,
    key: null,
    problem: null,
    mutations: { accepted: 0, duplicate: 0, refused: 0, conflicts: 0, later: 0 },
    ...facts,
  })
}

function countOutcomes(outcomes: readonly NumberedOutcome[]): ExchangeEvent['mutations'] {
  const count = { accepted: 0, duplicate: 0, refused: 0, conflicts: 0, later: 0 }
  for (const { outcome } of outcomes) {
    if (outcome.type === 'conflict' && !outcome.duplicate) count.conflicts += 1
    if (outcome.type === 'later') count.later += 1
    else if (outcome.duplicate) count.duplicate += 1
    else if (outcome.type === 'accepted') count.accepted += 1
    else count.refused += 1
  }
  return count
}
