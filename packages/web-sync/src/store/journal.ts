import { PERIODS } from 'sync-protocol'
import type { ChangeLog } from './context.ts'
import { mutationIndexKeys, touchKeys } from './index-keys.ts'
import type { RowKey } from './keys.ts'
import { rememberStages } from './mutations.ts'
import { READ_BATCH, type RowReader, type RowWriter, listByNumber } from './row-database.ts'
import type { JournalRow, OutboxRow, SyncRow } from './rows.ts'
import { keepSmallWritten, keepWritten } from './written.ts'

/** How long an accepted mutation is kept for replay if the partner never calls it durable. */
const JOURNAL_MAX_AGE_MS = 30 * 24 * 60 * 60_000
/** How much room accepted mutations may take. */
const JOURNAL_MAX_BYTES = 8 * 1024 * 1024

/** A pending mutation that was accepted, as it goes into the journal. */
export function toJournal(row: OutboxRow, facts: Omit<JournalRow, keyof OutboxRow>): JournalRow {
  const { setAside: _setAside, written: _written, ...rest } = row
  const more: RowKey[] = [
    ['at', facts.partnershipId, facts.n],
    ['step', facts.step],
  ]
  return { ...rest, ...keepSmallWritten(row, row.bytes), ...facts, ix: mutationIndexKeys(row.mutationId, more) }
}

/** Drops what the partner knows to survive: accepted in this partnership, or in one it was forked from, up to `durable`. */
export async function dropDurable(tx: RowWriter, sync: SyncRow, durable: number, log: ChangeLog): Promise<SyncRow> {
  const lineage = [...sync.ancestors, ...(sync.partnershipId === null ? [] : [sync.partnershipId])]
  const dropped: JournalRow[] = []
  for (const partnershipId of lineage) {
    const range = { lower: ['at', partnershipId, 0], upper: ['at', partnershipId, durable] }
    dropped.push(...(await tx.list('journal', { range, byIndex: true, limit: Number.MAX_SAFE_INTEGER })))
  }
  for (const row of dropped) {
    tx.delete('journal', row.order)
    log.stage(row.mutationId, 'durable')
  }
  const journalBytes = sync.journalBytes - sumBytes(dropped)
  return rememberStages(
    tx,
    { ...sync, journalBytes },
    'durable',
    dropped.map((row) => row.mutationId),
  )
}

/** Drops what exceeds the retention limits, oldest first; how many is counted, for the app may want to know. */
export function limitJournal(tx: RowWriter, sync: SyncRow, nowMs: number): Promise<SyncRow> {
  return dropOld(tx, sync, nowMs, JOURNAL_MAX_AGE_MS)
}

/** Before a replay: drops what is too old to be sent again. What exceeds the retention but not this is sent: it may be all that is left. */
export function dropUnrepeatable(tx: RowWriter, sync: SyncRow, nowMs: number): Promise<SyncRow> {
  return dropOld(tx, sync, nowMs, PERIODS.replayMs)
}

async function dropOld(tx: RowWriter, sync: SyncRow, nowMs: number, maxAgeMs: number): Promise<SyncRow> {
  let { journalBytes, journalDropped } = sync
  const range = { lower: 0, upper: Number.MAX_SAFE_INTEGER }
  const isKept = (row: JournalRow): boolean => journalBytes <= JOURNAL_MAX_BYTES && nowMs - row.acceptedAtMs <= maxAgeMs
  // Nearly always the oldest one may stay.
  const [first] = await tx.list('journal', { range, limit: 1 })
  if (first === undefined || isKept(first)) return sync
  for (const row of await tx.list('journal', { range, limit: READ_BATCH })) {
    if (isKept(row)) break
    tx.delete('journal', row.order)
    journalBytes -= row.bytes
    journalDropped += 1
  }
  return { ...sync, journalBytes, journalDropped }
}

/**
 * Puts accepted mutations back into the outbox: those of steps after `step`, or all. They keep id and order, so they stand before
 * everything newer. Returns them with the sync row as it is then.
 */
export async function returnJournal(
  tx: RowWriter,
  sync: SyncRow,
  afterStep: number | null,
  log: ChangeLog,
): Promise<{ readonly sync: SyncRow; readonly returned: readonly OutboxRow[] }> {
  const rows = afterStep === null ? await listByNumber(tx, 'journal') : await listAfterStep(tx, afterStep)
  const returned = rows.map(({ order, mutationId, origin, createdAtMs, ops, bytes, written }): OutboxRow => {
    const ix = mutationIndexKeys(mutationId, touchKeys(ops))
    const facts = { order, mutationId, origin, createdAtMs }
    return { ...facts, ops, bytes, ...keepWritten(written), setAside: null, ix }
  })
  for (const row of returned) {
    tx.delete('journal', row.order)
    tx.put('outbox', row)
    log.stage(row.mutationId, 'stored')
  }
  return { sync: { ...sync, journalBytes: sync.journalBytes - sumBytes(rows) }, returned }
}

function listAfterStep(tx: RowReader, step: number): Promise<JournalRow[]> {
  const range = { lower: ['step', step], upper: ['step', Number.MAX_SAFE_INTEGER], isLowerOpen: true }
  return tx.list('journal', { range, byIndex: true, limit: Number.MAX_SAFE_INTEGER })
}

function sumBytes(rows: readonly { readonly bytes: number }[]): number {
  return rows.reduce((sum, row) => sum + row.bytes, 0)
}
