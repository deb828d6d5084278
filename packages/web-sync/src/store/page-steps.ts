import { type CommitResult, type DigestBuilder, type Page, isSameDigest } from 'web-sync-protocol'
import type { ReceivedPage } from '../contract/index.ts'
import { Abandon } from './abandon.ts'
import { applyOutcomes } from './apply-outcomes.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { ageJournal, dropDurable, limitJournal } from './journal.ts'
import { prefixRange } from './keys.ts'
import type { RowWriter } from './row-database.ts'
import type { OutboxRow, SyncRow } from './rows.ts'

/** What a page does beside its changes: outcomes, the durable horizon, the limits of the journal; stores the sync row. */
export async function finishPage(
  tx: RowWriter,
  context: StoreContext,
  moved: SyncRow,
  received: ReceivedPage,
  notice: NoticeBuilder,
): Promise<{ readonly sync: SyncRow; readonly left: readonly OutboxRow[] }> {
  const { page, partnershipId, durable } = received
  const aged = ageJournal(moved, context.nowMs())
  const acceptedAge = aged.journalAge.hours
  const facts = { partnershipId, n: page.key.n, step: moved.step, acceptedAge }
  const answered = await applyOutcomes(tx, context, aged, page.outcomes, facts, notice)
  const shortened = await dropDurable(tx, answered.sync, durable, notice)
  const sync = await limitJournal(tx, shortened, acceptedAge, notice)
  tx.put('meta', sync)
  return { sync, left: answered.left }
}

/** Ends the transaction with `digest-mismatch` if base is not what the partner says it is: the net under all other nets. */
export function checkDigest(page: Page, digest: DigestBuilder): void {
  if (!page.settled || page.digest === null) return
  if (!isSameDigest(digest.build(), page.digest, page.collections)) throw new Abandon<CommitResult>('digest-mismatch')
}

/** Removes the records of a collection that the checkpoint does not cover any more. */
export function dropCollection(tx: RowWriter, generation: number, collection: string, digest: DigestBuilder): void {
  tx.deleteRange('base', prefixRange(generation, collection))
  digest.drop(collection)
}
