import type { Mutation, Op } from 'web-sync-protocol'
import type { WriteEntry, WriteStage } from '../contract/index.ts'
import type { RowKey, RowKeyRange } from './keys.ts'
import { RecordSet } from './record-names.ts'
import { READ_BATCH, type RowReader, type RowWriter } from './row-database.ts'
import type { JournalRow, OutboxRow, RefusedRow, StagesRow, SyncRow } from './rows.ts'

/** How many mutations that are stored nowhere else have their stage remembered; the oldest are forgotten first. */
const REMEMBERED_STAGES = 10_000

/** Where a mutation is stored. */
export type FoundMutation =
  | { readonly in: 'outbox'; readonly row: OutboxRow }
  | { readonly in: 'journal'; readonly row: JournalRow }
  | { readonly in: 'refused'; readonly row: RefusedRow }
  | { readonly in: 'stages'; readonly row: StagesRow }

const PLACES = ['outbox', 'journal', 'refused', 'stages'] as const
type Place = (typeof PLACES)[number]

/** Finds a mutation wherever it is, or in some of the places; null: never seen, or forgotten. */
export async function findMutation(
  tx: RowReader,
  mutationId: string,
  places: readonly Place[] = PLACES,
): Promise<FoundMutation | null> {
  const key: RowKey = ['id', mutationId]
  const selection = { range: { lower: key, upper: key }, byIndex: true, limit: 1 }
  for (const place of places) {
    const [row] = await tx.list(place, selection)
    if (row !== undefined) return { in: place, row } as FoundMutation
  }
  return null
}

/** The stage of a mutation that was found. */
export function stageOf(found: FoundMutation | null): WriteStage {
  switch (found?.in) {
    case undefined:
      return 'unknown'
    case 'outbox':
      return found.row.setAside === null ? 'stored' : 'set-aside'
    case 'journal':
      return 'accepted'
    case 'refused':
      return 'refused'
    case 'stages':
      return found.row.stage
  }
}

/** Remembers the stage of mutations that leave every other store; returns the sync row as it is then. */
export async function rememberStages(
  tx: RowWriter,
  sync: SyncRow,
  stage: StagesRow['stage'],
  mutationIds: readonly string[],
): Promise<SyncRow> {
  if (mutationIds.length === 0) return sync
  const ix = mutationIds.map((id): RowKey => ['id', id])
  tx.put('stages', { seq: sync.nextStageSeq, stage, mutationIds, ix })
  let stageIds = sync.stageIds + mutationIds.length
  if (stageIds > REMEMBERED_STAGES) {
    const oldest = await tx.list('stages', { range: { lower: 0, upper: sync.nextStageSeq - 1 }, limit: READ_BATCH })
    for (const row of oldest) {
      if (stageIds <= REMEMBERED_STAGES) break
      tx.delete('stages', row.seq)
      stageIds -= row.mutationIds.length
    }
  }
  return { ...sync, stageIds, nextStageSeq: sync.nextStageSeq + 1 }
}

/**
 * Mutations that can be sent, in order: those set aside are left out, and with them whatever touches their records, and whatever
 * touches the records of that. At least one if there is one.
 */
export async function readSendable(
  tx: RowReader,
  limit: { readonly mutations: number; readonly bytes: number },
): Promise<Mutation[]> {
  const sendable: Mutation[] = []
  const blocked = new RecordSet()
  let bytes = 0
  let rest: RowKeyRange = { lower: 0, upper: Number.MAX_SAFE_INTEGER }
  while (limit.mutations > 0) {
    const size = Math.min(READ_BATCH, limit.mutations)
    const rows = await tx.list('outbox', { range: rest, limit: size })
    for (const row of rows) {
      if (isBlocked(row, blocked)) continue
      bytes += row.bytes
      const isFull = sendable.length >= limit.mutations || (sendable.length > 0 && bytes > limit.bytes)
      if (isFull) return sendable
      sendable.push(toMutation(row))
    }
    if (rows.length < size) break
    rest = { ...rest, lower: rows.at(-1)?.order ?? 0, isLowerOpen: true }
  }
  return sendable
}

function toMutation({ mutationId, order, origin, ops, isLate }: OutboxRow): Mutation {
  return { mutationId, order, origin, ...(isLate === true ? { late: true } : {}), ops }
}

/** True if a mutation must wait for one that was set aside; then its records are blocked too. */
function isBlocked(row: OutboxRow, blocked: RecordSet): boolean {
  if (row.setAside === null && (blocked.size === 0 || !row.ops.some((op) => blocked.has(op)))) return false
  blocked.addAll(row.ops)
  return true
}

/** A mutation and all later ones that were made on its results, or on theirs. */
export function findDependents(outbox: readonly OutboxRow[], mutationId: string): OutboxRow[] {
  const touched = new RecordSet()
  const found: OutboxRow[] = []
  for (const row of outbox) {
    const isStart = row.mutationId === mutationId
    if (!isStart && !(found.length > 0 && row.ops.some((op: Op) => touched.has(op)))) continue
    touched.addAll(row.ops)
    found.push(row)
  }
  return found
}

/** A pending mutation as the app sees it. */
export function outboxToEntry(row: OutboxRow): WriteEntry {
  const { mutationId, order, createdAtMs, ops, setAside } = row
  return {
    mutationId,
    order,
    createdAtMs,
    stage: setAside === null ? 'stored' : 'set-aside',
    ops,
    acceptedAt: null,
    code: setAside,
  }
}

/** An accepted mutation as the app sees it. */
export function journalToEntry(row: JournalRow): WriteEntry {
  const { mutationId, order, createdAtMs, ops, n } = row
  return { mutationId, order, createdAtMs, stage: 'accepted', ops, acceptedAt: n, code: null }
}
