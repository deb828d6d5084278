import { type CheckpointName, LIMITS } from 'web-sync-protocol'
import type { SalvageEntry, StoreCounts, SyncInspection, SyncSummary, WriteEntry } from '../contract/index.ts'
import { journalToEntry, outboxToEntry } from './mutations.ts'
import { ASIDE } from './outbox.ts'
import { listOutbox } from './overlay-rows.ts'
import { type RowReader, listByNumber } from './row-database.ts'
import { countGiven } from './row-order.ts'
import type { SyncRow } from './rows.ts'
import { listSalvageRows, salvageToEntry } from './salvage.ts'
import { readMeta, readSync } from './sync-row.ts'
import { isOffered, readKeptSteps } from './undo-rows.ts'

/** Checkpoints that can be offered, newest first: the present key, then the kept steps. None during a full resync. */
export async function readHave(tx: RowReader, max: number): Promise<CheckpointName[]> {
  const sync = await readSync(tx)
  if (sync.resync !== null) return []
  const steps = (await readKeptSteps(tx)).toReversed()
  const have = steps.map(({ partnershipId, syncKey }): CheckpointName => ({ partnershipId, ...syncKey }))
  const { partnershipId, syncKey } = sync
  if (isOffered(sync) && partnershipId !== null && syncKey !== 0) have.unshift({ partnershipId, ...syncKey })
  return have.slice(0, max)
}

/** What the status shows. */
export async function readSummary(tx: RowReader): Promise<SyncSummary> {
  const sync = await readSync(tx)
  return {
    key: sync.syncKey,
    partnershipId: sync.partnershipId,
    replicaId: sync.replicaId,
    isSettled: sync.isSettled,
    isResyncing: sync.resync !== null,
    progress: sync.resync === null ? sync.progress : sync.resync.progress,
    lastSyncAtMs: sync.lastSyncAtMs,
    madeAtMs: sync.madeAtMs,
    evictedAtMs: sync.evictedAtMs,
    recovery: sync.recovery ?? null,
    memory: sync.memory,
    counts: await readCounts(tx, sync),
  }
}

/** What the panel shows. */
export async function inspect(tx: RowReader): Promise<SyncInspection> {
  const [outbox, journal, exchanges, steps] = await Promise.all([
    listOutbox(tx),
    listByNumber(tx, 'journal'),
    readMeta(tx, 'exchanges'),
    readKeptSteps(tx),
  ])
  return {
    ...(await readSummary(tx)),
    have: await readHave(tx, LIMITS.have),
    outbox: outbox.map((row) => outboxToEntry(row)),
    journal: journal.map((row) => journalToEntry(row)),
    exchanges: exchanges?.list ?? [],
    undoBytes: steps.reduce((sum, step) => sum + step.bytes, 0),
  }
}

/** All mutations that wait or are kept for replay, in order. */
export async function listWrites(tx: RowReader): Promise<WriteEntry[]> {
  const outbox = (await listOutbox(tx)).map((row) => outboxToEntry(row))
  const journal = (await listByNumber(tx, 'journal')).map((row) => journalToEntry(row))
  return [...journal, ...outbox].toSorted((a, b) => a.order - b.order)
}

/** What is left in salvage after the initiator was up to date again; before that it may still come back by itself. */
export async function listSalvage(tx: RowReader): Promise<SalvageEntry[]> {
  const sync = await readSync(tx)
  return sync.isSalvageListed ? (await listSalvageRows(tx)).map((row) => salvageToEntry(row)) : []
}

async function readCounts(tx: RowReader, sync: SyncRow): Promise<StoreCounts> {
  const [pending, setAside, refused, journal, salvage] = await Promise.all([
    tx.count('outbox', null),
    tx.count('outbox', { lower: ASIDE, upper: ASIDE }, true),
    tx.count('refused', null),
    tx.count('journal', null),
    tx.count('salvage', null),
  ])
  const { journalDropped, isSalvageListed, nextOrder } = sync
  const listed = isSalvageListed ? salvage : 0
  return { pending, setAside, refused, journal, salvage: listed, journalDropped, written: countGiven(nextOrder) }
}
