import { PartnerError, type StopSignal, type StorageTransaction } from '../contract/index.ts'
import type { EngineContext } from './context.ts'
import type { ReadyAsk } from './first-page.ts'
import { nextPage, readHead } from './next-page.ts'
import { type SentPage, sendPage } from './send-page.ts'

/**
 * The pages of a reply, each a transaction of its own that goes on from the checkpoint just issued. A page is made when it is drawn, so
 * a slow reader holds nothing. The stream ends early, and harmlessly, when the initiator hangs up, when somebody else went on from the
 * same checkpoint, or when access has ended.
 */
export async function* streamPages(
  context: EngineContext,
  ready: ReadyAsk,
  first: SentPage,
  signal: StopSignal,
): AsyncGenerator<string, void> {
  reportPage(context, ready, first)
  yield first.line
  let last = first
  for (let pages = 1; last.more && pages < ready.limit.pages && !signal.aborted; pages += 1) {
    const next = await makeNextPage(context, ready, last)
    if (next === null) return
    reportPage(context, ready, next)
    yield next.line
    last = next
  }
}

async function makeNextPage(context: EngineContext, ready: ReadyAsk, last: SentPage): Promise<SentPage | null> {
  const { account, ask } = ready
  const access = await context.authorize({ account, space: ask.space })
  if (access !== 'write' && access !== 'read') return null
  const { storage } = context
  if (storage.refusesBehind !== true && !(await storage.isPrimary())) return null
  const { partnershipId, key } = last
  const foresight = { account, partnershipId, ...key, mutationIds: [], originIds: [], records: [] }
  try {
    return await storage.transaction(ask.space, (tx) => goOn(context, tx, ready, last), foresight)
  } catch (error) {
    if (error instanceof PartnerError && error.code === 'behind') return null
    throw error
  }
}

async function goOn(
  context: EngineContext,
  tx: StorageTransaction,
  ready: ReadyAsk,
  last: SentPage,
): Promise<SentPage | null> {
  const { partnershipId, key, position } = last
  if ((await tx.lockPartnership(ready.account, partnershipId)) === null) return null
  // Thinned away or continued by another exchange: the initiator has moved on without this stream.
  if ((await tx.getCheckpoint(partnershipId, key.n, key.tag)) === null) return null
  if ((await tx.listChildren(partnershipId, key.n, key.tag)).length > 0) return null
  const space = await readHead(tx, position)
  if (position.cut < space.floor) return null
  const content = await nextPage(tx, space, position, ready.limit)
  return sendPage(context, tx, {
    partnershipId,
    n: key.n,
    parentTag: key.tag,
    requestId: ready.ask.requestId,
    content,
    outcomes: last.waiting,
  })
}

function reportPage(context: EngineContext, ready: ReadyAsk, page: SentPage): void {
  context.emit({
    type: 'page',
    atMs: context.ports.clock.nowMs(),
    requestId: ready.ask.requestId,
    account: ready.account,
    space: ready.ask.space,
    partnershipId: page.partnershipId,
    key: page.key,
    isSettled: page.position.isSettled,
    changes: page.changes,
    more: page.more,
  })
}
