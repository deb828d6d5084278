import type { Outcome } from 'sync-protocol'
import type { ChangeLog, StoreContext } from './context.ts'
import { mutationIndexKeys } from './index-keys.ts'
import { toJournal } from './journal.ts'
import type { RowKey } from './keys.ts'
import { READ_BATCH, type RowReader, type RowWriter } from './row-database.ts'
import type { OutboxRow, SyncRow } from './rows.ts'

/** The page that brings outcomes. */
export interface OutcomePage {
  readonly partnershipId: string
  readonly n: number
  readonly step: number
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
  log: ChangeLog,
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
      log.stage(row.mutationId, 'accepted')
    } else {
      const { mutationId, order, ops } = row
      const { type, code, message, path, records } = outcome
      const ix = mutationIndexKeys(mutationId)
      tx.put('refused', {
        mutationId,
        order,
        ops,
        type,
        code,
        message,
        path,
        records,
        refusedAtMs: context.nowMs(),
        ix,
      })
      log.stage(mutationId, 'refused')
    }
  }
  return { sync: { ...sync, journalBytes }, left }
}

/** Pending rows of mutations, in their order. What was sent stood first in the outbox, so most of them come with one request. */
async function findPending(tx: RowReader, mutationIds: readonly string[]): Promise<OutboxRow[]> {
  if (mutationIds.length === 0) return []
  const range = { lower: 0, upper: Number.MAX_SAFE_INTEGER }
  const first = await tx.list('outbox', { range, limit: Math.min(mutationIds.length, READ_BATCH) })
  const rows = new Map(first.map((row): [string, OutboxRow] => [row.mutationId, row]))
  const found = await Promise.all(
    mutationIds.map(async (mutationId) => {
      const there = rows.get(mutationId)
      if (there !== undefined) return there
      const key: RowKey = ['id', mutationId]
      const [row] = await tx.list('outbox', { range: { lower: key, upper: key }, byIndex: true, limit: 1 })
      return row
    }),
  )
  return found.filter((row) => row !== undefined)
}
