import type { Op } from 'web-sync-protocol'
import { type ApplyScope, askRule } from './apply-mutation.ts'
import { isAllSeenByOther } from './seen.ts'
import type { AwaitingDelete } from '../contract/index.ts'
import type { Entry } from './stage.ts'

/** A mutation that was refused brings nothing back, now or later: no deletion waits for it any more. */
export async function endWaitsFor(
  { stage }: Pick<ApplyScope, 'stage'>,
  mutationId: string,
  ops: readonly Op[],
): Promise<void> {
  for (const { collection, id } of ops) {
    const waiting = await stage.listWaiting(collection, id)
    for (const awaiting of waiting.filter((each) => each.mutationId === mutationId)) stage.endWait(awaiting)
  }
}

/**
 * Deletes what this ask has brought back where a deletion has waited for just that (see {@link AwaitingDelete}). It takes effect only if
 * its author had seen everything in the record, as the ask has left it, and if the app's rule allows it for the record that is there
 * now: when it came there was none to ask about. Either way it waits no longer.
 */
export async function doLateDeletes(scope: ApplyScope): Promise<void> {
  const { stage } = scope
  for (const entry of stage.changed()) {
    const writers = stage.writersOf(entry)
    const waiting = await stage.listWaiting(entry.collection, entry.id)
    const due = waiting.filter(({ mutationId }) => writers.has(mutationId))
    let isDone = false
    for (const awaiting of due) isDone ||= await mayDelete(scope, awaiting, entry)
    // One deletion may wait for several mutations: it has its answer now.
    const ended = waiting.filter((each) =>
      due.some(({ account, base }) => account === each.account && base === each.base),
    )
    for (const awaiting of ended) stage.endWait(awaiting)
    if (isDone) stage.deleteLate(entry)
  }
}

async function mayDelete(scope: ApplyScope, awaiting: AwaitingDelete, entry: Entry): Promise<boolean> {
  const { collection, id, base, mutationId, account } = awaiting
  const op: Op = { op: 'delete', collection, id, base, baseMutation: mutationId }
  return (await isAllSeenByOther(scope, op, entry)) && askRule(scope, account, op, entry) === null
}
