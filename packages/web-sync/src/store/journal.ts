import { LIMITS, PERIODS } from 'web-sync-protocol'
import type { NoticeBuilder } from './context.ts'
import { mutationIndexKeys, touchKeys } from './index-keys.ts'
import type { RowKey } from './keys.ts'
import { rememberStages } from './mutations.ts'
import { type RowReader, type RowWriter, listByNumber } from './row-database.ts'
import type { JournalAge, JournalRow, OutboxRow, SyncRow } from './rows.ts'
import { jsonBytes } from './sizes.ts'
import { keepSmallWritten, keepWritten } from './written.ts'

const HOUR_MS = 60 * 60_000
/** How long an accepted mutation is kept for replay if the partner never calls it durable; see {@link ageJournal}. */
const JOURNAL_MAX_AGE_HOURS = 30 * 24
/** The most that passes for the journal between two pages. */
const MAX_STEP_HOURS = 24
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
export async function dropDurable(
  tx: RowWriter,
  sync: SyncRow,
  durable: number,
  notice: NoticeBuilder,
): Promise<SyncRow> {
  const lineage = [...sync.ancestors, ...(sync.partnershipId === null ? [] : [sync.partnershipId])]
  const dropped: JournalRow[] = []
  for (const partnershipId of lineage) {
    const range = { lower: ['at', partnershipId, 0], upper: ['at', partnershipId, durable] }
    dropped.push(...(await tx.list('journal', { range, byIndex: true, limit: Number.MAX_SAFE_INTEGER })))
  }
  for (const row of dropped) {
    tx.delete('journal', row.order)
    notice.stage(row.mutationId, 'durable')
  }
  const journalBytes = sync.journalBytes - sumBytes(dropped)
  return rememberStages(
    tx,
    { ...sync, journalBytes },
    'durable',
    dropped.map((row) => row.mutationId),
  )
}

/**
 * Lets the time pass for the journal: between two pages as much as the clock says, but a day at most, and nothing where the clock has been
 * already. So one that is put forward by a month takes a day from what could be replayed, and one that is put back and forward takes it once.
 */
export function ageJournal(sync: SyncRow, nowMs: number): SyncRow & { readonly journalAge: JournalAge } {
  const now = Math.floor(nowMs / HOUR_MS)
  const { hours, atHour } = sync.journalAge ?? { hours: 0, atHour: now }
  const passed = Math.min(Math.max(now - atHour, 0), MAX_STEP_HOURS)
  return { ...sync, journalAge: { hours: hours + passed, atHour: Math.max(atHour, now) } }
}

/** Drops what exceeds the retention limits, oldest first; how many is counted, for the app may want to know. */
export function limitJournal(tx: RowWriter, sync: SyncRow, ageHours: number, notice: NoticeBuilder): Promise<SyncRow> {
  return dropOld(
    tx,
    sync,
    (row) => ageHours - row.acceptedAge > JOURNAL_MAX_AGE_HOURS,
    () => 'dropped',
    notice,
  )
}

/**
 * Before a replay of what was accepted in steps after `afterStep` (null: of all): drops what is too old to be sent again. What exceeds
 * the retention but not this is sent: it may be all that is left. Whether the partner still has what is dropped nobody knows.
 */
export function dropUnrepeatable(
  tx: RowWriter,
  sync: SyncRow,
  nowMs: number,
  afterStep: number | null,
  notice: NoticeBuilder,
): Promise<SyncRow> {
  const isReplayed = (row: JournalRow): boolean => afterStep === null || row.step > afterStep
  return dropOld(
    tx,
    sync,
    (row) => !isRepeatable(row, nowMs),
    (row) => (isReplayed(row) ? 'lost' : 'dropped'),
    notice,
  )
}

/** False: an accepted mutation is too old to be sent again, for the partner may have forgotten it. */
export function isRepeatable(row: Pick<JournalRow, 'acceptedAtMs'>, nowMs: number): boolean {
  return nowMs - row.acceptedAtMs <= PERIODS.replayMs
}

/** All are looked at: what was carried over from an older database stands in front, and may have been accepted last. */
async function dropOld(
  tx: RowWriter,
  sync: SyncRow,
  isTooOld: (row: JournalRow) => boolean,
  stageOf: (row: JournalRow) => 'dropped' | 'lost',
  notice: NoticeBuilder,
): Promise<SyncRow> {
  let { journalBytes } = sync
  const mutationIds = { dropped: [] as string[], lost: [] as string[] }
  // They are in memory: one look is cheaper than several batches.
  const all = { range: { lower: 0, upper: Number.MAX_SAFE_INTEGER }, limit: Number.MAX_SAFE_INTEGER }
  for (const row of await tx.list('journal', all)) {
    if (journalBytes <= JOURNAL_MAX_BYTES && !isTooOld(row)) continue
    const stage = stageOf(row)
    tx.delete('journal', row.order)
    journalBytes -= row.bytes
    mutationIds[stage].push(row.mutationId)
    notice.stage(row.mutationId, stage)
  }
  const { dropped, lost } = mutationIds
  const journalDropped = sync.journalDropped + dropped.length + lost.length
  const counted = await rememberStages(tx, { ...sync, journalBytes, journalDropped }, 'dropped', dropped)
  return rememberStages(tx, counted, 'lost', lost)
}

/**
 * Puts accepted mutations back into the outbox: those of steps after `step`, or all. They keep id and order, so they stand before
 * everything newer. Returns them with the sync row as it is then.
 */
export async function returnJournal(
  tx: RowWriter,
  sync: SyncRow,
  afterStep: number | null,
  notice: NoticeBuilder,
): Promise<{ readonly sync: SyncRow; readonly returned: readonly OutboxRow[] }> {
  const rows = afterStep === null ? await listByNumber(tx, 'journal') : await listAfterStep(tx, afterStep)
  const returned = rows.map((row) => toPending(row))
  for (const row of returned) {
    tx.delete('journal', row.order)
    tx.put('outbox', row)
    notice.stage(row.mutationId, 'stored')
  }
  return { sync: { ...sync, journalBytes: sync.journalBytes - sumBytes(rows) }, returned }
}

/**
 * An accepted mutation as it is sent again. Its deletions name the mutations that the partner said
 * had made their records.
 */
export function toPending(row: JournalRow): OutboxRow {
  const { order, mutationId, origin, createdAtMs, written, isLate } = row
  const { ops, bytes } = nameMutations(row)
  const ix = mutationIndexKeys(mutationId, touchKeys(ops))
  const more = { ...keepWritten(written), ...(isLate === true ? { isLate } : {}) }
  return { order, mutationId, origin, createdAtMs, ops, bytes, ...more, setAside: null, ix }
}

function nameMutations({ ops, versions, bytes }: JournalRow): Pick<OutboxRow, 'ops' | 'bytes'> {
  const named = ops.map((op) => {
    if (op.op !== 'delete' || op.mutations !== undefined) return op
    const version = versions.find(({ collection, id }) => collection === op.collection && id === op.id)
    return version?.mutations === undefined ? op : { ...op, mutations: version.mutations }
  })
  const more = jsonBytes(named) - jsonBytes(ops)
  // Without them it is still a deletion; too large to be sent it would be none.
  return bytes + more > LIMITS.mutationBytes ? { ops, bytes } : { ops: named, bytes: bytes + more }
}

function listAfterStep(tx: RowReader, step: number): Promise<JournalRow[]> {
  const range = { lower: ['step', step], upper: ['step', Number.MAX_SAFE_INTEGER], isLowerOpen: true }
  return tx.list('journal', { range, byIndex: true, limit: Number.MAX_SAFE_INTEGER })
}

function sumBytes(rows: readonly { readonly bytes: number }[]): number {
  return rows.reduce((sum, row) => sum + row.bytes, 0)
}
