import {
  type CaseName,
  isKept,
  judgeKey,
  type Problem,
  PROTOCOL_VERSION,
  type ReceivedAsk,
  type ReplyHead,
  type ReplyLimit,
  type Verdict,
} from 'web-sync-protocol'
import {
  type CheckpointRow,
  makeExpired,
  makeInvalidKey,
  makeProblem,
  type PartnershipRow,
  type StorageTransaction,
} from '../contract/index.ts'
import { applyMutations } from './apply-mutations.ts'
import { type EngineContext, KEPT_REQUESTS } from './context.ts'
import { findFacts, type Found } from './find-facts.ts'
import { confirm } from './lineage.ts'
import { nextPage, readHead } from './next-page.ts'
import type { NumberedOutcome } from './outcome-draft.ts'
import { makeRoomForPartnership } from './partnership-cap.ts'
import { changeCollections, initialPosition, type Position } from './position.ts'
import type { PreparedMutation } from './prepare.ts'
import { repeatReply } from './repeat.ts'
import { type SentPage, sendPage, sendSamePage } from './send-page.ts'

const TOUCH_AFTER_MS = 12 * 3_600_000

/** An ask of an authenticated account, made ready for the transaction. */
export interface ReadyAsk {
  readonly partnerId: string
  readonly account: string
  readonly ask: ReceivedAsk
  readonly mutations: readonly PreparedMutation[]
  readonly canWrite: boolean
  /** What was asked for and the partner has. */
  readonly collections: readonly string[]
  readonly limit: ReplyLimit
}

/** What the first transaction of an exchange came to. */
export type FirstAnswer =
  | { readonly type: 'problem'; readonly case: CaseName; readonly problem: Problem }
  | {
      readonly type: 'reply'
      readonly case: CaseName
      readonly head: ReplyHead
      readonly page: SentPage
      /** Changes that the ask's mutations made. */
      readonly changes: number
      readonly outcomes: readonly NumberedOutcome[]
    }

/** The first page's transaction: find, judge, act. Nothing is written before the verdict is known. */
export async function answerFirst(
  context: EngineContext,
  tx: StorageTransaction,
  ready: ReadyAsk,
): Promise<FirstAnswer> {
  const found = await findFacts(tx, ready.account, ready.ask, ready.collections)
  const verdict = judgeKey(found.facts)
  const { requestId } = ready.ask
  switch (verdict.action) {
    case 'begin':
      return begin(context, tx, ready, found, verdict)
    case 'serve':
      return serve(context, tx, ready, found, verdict)
    case 'fork':
      return fork(context, tx, ready, found, verdict)
    case 'repeat':
      return repeatReply(tx, ready, found)
    case 'expired':
      return problem(verdict, makeExpired(requestId, verdict.reason, verdict.reset))
    case 'roll-back':
      // The one trace that an invalid key leaves; it touches neither keys nor data.
      if (verdict.case === 'K5' && !found.space.isRestoreSeen && !(await isThinned(tx, ready.ask))) {
        await tx.noteRestoreSeen(context.ports.clock.nowMs())
      }
      return problem(verdict, makeInvalidKey(requestId, verdict.reason, verdict.rollbackTo))
    case 'malformed':
      return problem(verdict, makeProblem('malformed', requestId, '/key'))
    case 'behind':
      return problem(verdict, makeProblem('behind', requestId))
  }
}

/** True if the key's number is one that thinning removes: a device that was set back says nothing of the partner's history. */
async function isThinned(tx: StorageTransaction, { key, partnershipId }: ReceivedAsk): Promise<boolean> {
  if (key === 0 || partnershipId === null) return false
  const newest = await tx.getNewestPresented(partnershipId)
  return newest !== null && !isKept(key.n, newest.n)
}

function problem(verdict: Verdict, body: Problem): FirstAnswer {
  return { type: 'problem', case: verdict.case, problem: body }
}

/** Where the page starts: a position under a partnership, and the checkpoint before it. */
interface Start {
  readonly case: CaseName
  readonly partnership: PartnershipRow
  readonly position: Position
  /** null for the first checkpoint of a partnership. */
  readonly parentTag: string | null
  /** n of the checkpoint that the page goes on from; 0: none. */
  readonly n: number
  /** True if a new key is issued even if there is nothing to say. */
  readonly mustIssue: boolean
  readonly forkedFrom: PartnershipRow | null
}

async function begin(
  context: EngineContext,
  tx: StorageTransaction,
  ready: ReadyAsk,
  found: Found,
  verdict: Verdict,
): Promise<FirstAnswer> {
  const partnership = await newPartnership(context, tx, ready, ready.ask.replicaId)
  // The snapshot shows what this ask's own mutations did as well: its cut is taken before them, and the log brings them again.
  const position = initialPosition(ready.collections, found.space.head)
  return exchange(context, tx, ready, {
    case: verdict.case,
    partnership,
    position,
    parentTag: null,
    n: 0,
    mustIssue: true,
    forkedFrom: null,
  })
}

async function serve(
  context: EngineContext,
  tx: StorageTransaction,
  ready: ReadyAsk,
  found: Found,
  verdict: Extract<Verdict, { action: 'serve' }>,
): Promise<FirstAnswer> {
  const { checkpoint, lineage, partnership } = assertFound(found)
  await confirm(tx, partnership, checkpoint, lineage, context.ports.clock.nowMs())
  return exchange(context, tx, ready, {
    case: verdict.case,
    partnership: { ...partnership, isProvisional: false },
    position: startPosition(checkpoint, found, verdict.hasOtherCollections),
    parentTag: checkpoint.tag,
    n: checkpoint.n,
    mustIssue: verdict.hasOtherCollections,
    forkedFrom: null,
  })
}

async function fork(
  context: EngineContext,
  tx: StorageTransaction,
  ready: ReadyAsk,
  found: Found,
  verdict: Extract<Verdict, { action: 'fork' }>,
): Promise<FirstAnswer> {
  const { checkpoint, partnership } = assertFound(found)
  const forked = await newPartnership(context, tx, ready, context.ports.random.id())
  return exchange(context, tx, ready, {
    case: verdict.case,
    partnership: forked,
    position: startPosition(checkpoint, found, verdict.hasOtherCollections),
    parentTag: null,
    n: checkpoint.n,
    mustIssue: true,
    forkedFrom: partnership,
  })
}

function startPosition(checkpoint: CheckpointRow, found: Found, hasOtherCollections: boolean): Position {
  return hasOtherCollections ? changeCollections(checkpoint, found.collections, found.space.digest) : checkpoint
}

/** What the three serving cases share: mutations, then the page. */
async function exchange(
  context: EngineContext,
  tx: StorageTransaction,
  ready: ReadyAsk,
  start: Start,
): Promise<FirstAnswer> {
  const { ask, account } = ready
  const { partnership, position, n } = start
  const { partnershipId } = partnership
  const { space: name, requestId } = ask
  const source = { account, space: name, partnershipId, n: n + 1, requestId, canWrite: ready.canWrite }
  const applied = await applyMutations(context, tx, source, ready.mutations)
  // In case K2 another copy of the replica may hold the newer key: a clone that has not been told apart yet wants to hear of this.
  if (applied.changes > 0) await tx.announce?.(start.case === 'K2' ? null : partnershipId)
  const space = await readHead(tx, position)
  const content = await nextPage(tx, space, position, ready.limit)
  const answer = { type: 'reply', case: start.case, changes: applied.changes, outcomes: applied.outcomes } as const
  if (!start.mustIssue && !content.hasNews && ready.mutations.length === 0) {
    await touch(context, tx, partnership)
    // The key that goes on was there before: that it was presented is seen again when it is presented next.
    await tx.renounceDurability()
    const page = sendSamePage(partnershipId, { n, tag: start.parentTag as string }, position) // a served checkpoint has a tag
    return { ...answer, head: await makeHead(tx, ready, start, space.durableHead), page }
  }
  const page = await sendPage(context, tx, {
    partnershipId,
    n,
    parentTag: start.parentTag,
    requestId: ask.requestId,
    content,
    outcomes: applied.outcomes,
  })
  await remember(context, tx, ready, start, page)
  return { ...answer, head: await makeHead(tx, ready, start, space.durableHead), page }
}

/** An initiator that only ever hears «nothing new» is in use all the same: noted twice a day, so that idle exchanges write nothing. */
async function touch(context: EngineContext, tx: StorageTransaction, partnership: PartnershipRow): Promise<void> {
  const lastSeenAtMs = context.ports.clock.nowMs()
  if (lastSeenAtMs - partnership.lastSeenAtMs < TOUCH_AFTER_MS) return
  await tx.putPartnership({ ...partnership, lastSeenAtMs })
}

/** The request is remembered where its duplicate would look for it: at the partnership that it named. */
async function remember(
  context: EngineContext,
  tx: StorageTransaction,
  ready: ReadyAsk,
  start: Start,
  page: SentPage,
): Promise<void> {
  const { partnership, forkedFrom } = start
  const issued = { partnershipId: partnership.partnershipId, n: page.key.n, tag: page.key.tag }
  const at = forkedFrom ?? partnership
  await tx.putRequest(at.partnershipId, { requestId: ready.ask.requestId, issued }, KEPT_REQUESTS)
  if (forkedFrom === null) await tx.putPartnership({ ...partnership, lastSeenAtMs: context.ports.clock.nowMs() })
}

async function makeHead(
  tx: StorageTransaction,
  ready: ReadyAsk,
  start: Start,
  durableHead: number,
): Promise<ReplyHead> {
  const { partnershipId, replicaId } = start.partnership
  return {
    protocol: PROTOCOL_VERSION,
    requestId: ready.ask.requestId,
    from: ready.ask.key,
    partnershipId,
    partnerId: ready.partnerId,
    durable: await tx.getDurable(partnershipId, durableHead),
    forked: start.forkedFrom === null ? null : { replicaId },
  }
}

async function newPartnership(
  context: EngineContext,
  tx: StorageTransaction,
  ready: ReadyAsk,
  replicaId: string,
): Promise<PartnershipRow> {
  const nowMs = context.ports.clock.nowMs()
  await makeRoomForPartnership(context, tx, ready.account, ready.ask.partnershipId)
  const partnership: PartnershipRow = {
    partnershipId: context.ports.random.id(),
    account: ready.account,
    replicaId,
    isProvisional: true,
    createdAtMs: nowMs,
    lastSeenAtMs: nowMs,
  }
  await tx.putPartnership(partnership)
  return partnership
}

/** judgeKey serves and forks from checkpoints that were found only. */
function assertFound(found: Found): {
  checkpoint: CheckpointRow
  lineage: NonNullable<Found['lineage']>
  partnership: PartnershipRow
} {
  const { checkpoint, lineage, partnership } = found
  if (checkpoint === null || lineage === null || partnership === null) {
    throw new Error('a key was served without its checkpoint')
  }
  return { checkpoint, lineage, partnership }
}
