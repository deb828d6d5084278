import type { Outcome } from 'web-sync-protocol'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { mutationIndexKeys } from './index-keys.ts'
import { toJournal } from './journal.ts'
import { findMutation } from './mutations.ts'
import type { RowReader, RowWriter } from './row-database.ts'
import type { OutboxRow, SyncRow } from './rows.ts'
import { keepWritten } from './written.ts'

/** The page that brings outcomes. */
export interface OutcomePage {
  readonly partnershipId: string
  readonly n: number
  readonly step: number
  /** The journal's age, in hours. */
  readonly acceptedAge: number
}

/**
 * Moves answered mutations out of the outbox: accepted ones into the journal, refused ones to the refused. `later` stays, and so do
 * mutations that were made on a refused one: the partner refuses them itself. An answer to a mutation that is not pending is a
 * repeat and changes nothing.
 */
export async function applyOutcomes(
  tx: RowWriter,
  context: StoreContext,
  sync: SyncRow,
  outcomes: readonly Outcome[],
  page: OutcomePage,
  notice: NoticeBuilder,
): Promise<{ readonly sync: SyncRow; readonly left: readonly OutboxRow[] }> {
  const answered = new Map<string, Exclude<Outcome, { type: 'later' }>>()
  for (const outcome of outcomes) if (outcome.type !== 'later') answered.set(outcome.mutationId, outcome)
  const left = await findPending(tx, [...answered.keys()])
  let { journalBytes } = sync
  for (const row of left) {
    const outcome = answered.get(row.mutationId) as Exclude<Outcome, { type: 'later' }>
    tx.delete('outbox', row.order)
    if (outcome.type === 'accepted') {
      tx.put('journal', toJournal(row, { ...page, acceptedAtMs: context.nowMs(), versions: outcome.versions }))
      journalBytes += row.bytes
      notice.stage(row.mutationId, 'accepted')
    } else {
      const { mutationId, order, ops } = row
      const { type, code, message, path } = outcome
      const ix = mutationIndexKeys(mutationId)
      tx.put('refused', {
        mutationId,
        order,
        ops,
        ...keepWritten(row.written),
        type,
        code,
        message,
        path,
        refusedAtMs: context.nowMs(),
        ix,
      })
      notice.stage(mutationId, 'refused')
    }
  }
  return { sync: { ...sync, journalBytes }, left }
}

/** Pending rows of mutations, in their order. */
async function findPending(tx: RowReader, mutationIds: readonly string[]): Promise<OutboxRow[]> {
  const found = await Promise.all(mutationIds.map((mutationId) => findMutation(tx, mutationId, ['outbox'])))
  return found.flatMap((mutation) => (mutation?.in === 'outbox' ? [mutation.row] : []))
}
