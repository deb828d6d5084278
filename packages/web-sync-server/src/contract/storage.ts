import type { Digest, RecordVersion } from 'web-sync-protocol'
import type { CommitNotice } from './engine.ts'

/**
 * Where the partner keeps everything: records, change log, checkpoints and outcomes, in ONE database.
 *
 * Promises that every storage keeps (`testPartnerStorage` of `web-sync-server/testing` checks them):
 * - A transaction's writes become durable together, before `transaction` resolves, or not at all (it rejects).
 * - It sees its own writes, and of others only what is committed.
 * - Transactions that write the same record, partnership or space head wait for each other at the methods named `lock…`.
 * - Order of change numbers = order of commits, without gaps: numbers are given under the lock on the space's head.
 * - Values read back as they were written, bit for bit.
 */
export interface PartnerStorage {
  /** False on a standby or a read replica: it must never judge a key (case K8). */
  isPrimary(): Promise<boolean>
  /**
   * True: a transaction finds out by itself that the node is no primary, and rejects with PartnerError 'behind'; then `isPrimary` is not
   * asked before each exchange. Default: false.
   */
  readonly refusesBehind?: boolean
  /**
   * Runs `work` in one transaction on one space. `work` awaits nothing but the transaction's own methods. Whatever it throws rolls
   * everything back and is thrown on. Rejects with PartnerError 'busy' if the database cannot be had in time. `foresight` changes no
   * answer: a storage may leave it unread.
   */
  transaction<T>(space: string, work: (tx: StorageTransaction) => Promise<T>, foresight?: Foresight): Promise<T>
  /** As {@link transaction}, on one consistent state, for reading only. */
  read<T>(space: string, work: (tx: StorageReader) => Promise<T>): Promise<T>
  /**
   * The partner's own id: what `draw` gives at the first call ever on this database, and that one from then on. It goes along with backups
   * and moves: an initiator knows by it whose history it shares.
   */
  readPartnerId(draw: () => string): Promise<string>
  /** All spaces that have anything stored, in byte order. */
  listSpaces(): Promise<readonly string[]>
  /** The spaces of those partnerships that the account has; ids that it does not have are left out. */
  findPartnerships(account: string, partnershipIds: readonly string[]): Promise<readonly PartnershipPlace[]>
  /**
   * The state as it is now is known to survive loss of this database (a backup was confirmed). `null`: all spaces. A head may be given
   * by the caller if the backup was taken at an earlier one.
   */
  markDurable(space: string | null): Promise<void>
  /** Removes all partnerships, checkpoints, outcomes and waiting deletions of an account in all spaces; records it wrote stay. Returns their number. */
  eraseAccount(account: string): Promise<number>
  /** Removes a space with everything in it. True if there was one. */
  eraseSpace(space: string): Promise<boolean>
  /**
   * Hears of what other processes commit on the same database, as far as it can: hints, some come late, twice or never. Returns how to
   * stop. Absent: nobody else writes here, or nobody tells.
   */
  watch?(watcher: StorageWatcher): () => void
  /** What an operator wants to see of it; asks nobody, so it is cheap. Absent: there is nothing to say. */
  status?(): StorageStatus
  close(): Promise<void>
}

/** Who hears of other processes' commits. */
export interface StorageWatcher {
  onCommit(notice: CommitNotice): void
  /** It listens now, and did not before: whatever was committed until now may have been missed, in any space. */
  onGap(): void
  /** It does not listen any more, or could not begin to; it tries again by itself. */
  onError(error: unknown): void
}

/** What a storage says of itself. */
export interface StorageStatus {
  /** Connections; null: there is no pool. */
  readonly pool: {
    readonly max: number
    readonly open: number
    readonly idle: number
    /** Those that wait for a connection. */
    readonly waiting: number
  } | null
  /** The connection on which other processes' commits are heard; null: this kind of storage has none. */
  readonly listener: 'off' | 'connecting' | 'listening' | null
  /** The standbys that hold the durable horizon, as they were seen last. */
  readonly standbys: readonly {
    readonly name: string
    /** Bytes of log that it had not flushed; null: it was not connected, or the role may not see it. */
    readonly lagBytes: number | null
  }[]
  /** Commits, and transactions that they held; null: each transaction is a commit of its own, and is not counted. */
  readonly groups: { readonly commits: number; readonly transactions: number } | null
}

/**
 * What a transaction is going to lock and look up. A database that is far away can be asked for all of it at once, instead of in one
 * round trip after another.
 */
export interface Foresight {
  readonly account: string
  readonly partnershipId: string
  /** Of the checkpoint that it goes on from. */
  readonly n: number
  readonly tag: string
  /** Mutations that it brings; not empty: it will write. */
  readonly mutationIds: readonly string[]
  /** Where these mutations were made. */
  readonly originIds: readonly string[]
  /** Records that they are about. */
  readonly records: readonly { readonly collection: string; readonly id: string }[]
}

/** Where a partnership lives. */
export interface PartnershipPlace {
  readonly partnershipId: string
  readonly space: string
}

/** The head row of a space. A space that was never written has the row of {@link EMPTY_SPACE}. */
export interface SpaceRow {
  /** Number of the last change; 0: none yet. */
  readonly head: number
  /** The log has been pruned up to and including this number: a cut below it cannot be served. */
  readonly floor: number
  /** Changes up to this number are known to survive loss of the database. */
  readonly durableHead: number
  /** Of all live records at the head. */
  readonly digest: Digest
  /** True if the history shows a restore: a backup was restored, or an initiator came with a key of a lost history. */
  readonly isRestoreSeen: boolean
}

/** The head row of a space that was never written. */
export const EMPTY_SPACE: SpaceRow = { head: 0, floor: 0, durableHead: 0, digest: {}, isRestoreSeen: false }

/** A live record. */
export interface RecordRow {
  readonly collection: string
  readonly id: string
  readonly version: RecordVersion
  readonly mutationId: string | null
  /** The version below it that its author had not seen; null: the author saw exactly this. See StoredRecord of web-sync-protocol. */
  readonly unseen: RecordVersion | null
  /** The mutations that made it before: the first and the latest, at most `LIMITS.priorMutations`. */
  readonly priorMutations: readonly string[]
  /** The record as JSON text: it travels to initiators as it is, unparsed. */
  readonly value: string
}

/** One change in the log. It keeps the whole value, so a page at an old cut is exactly the state at that cut. */
export interface LogRow {
  /** The head counter's value: one for each change, no gaps. */
  readonly number: number
  /** Number of the last change of the same atomic mutation: pages are cut only behind it. */
  readonly txEnd: number
  readonly collection: string
  readonly id: string
  /** Of a delete too: the version by which it is known. */
  readonly version: RecordVersion
  /** The version that this one replaced; null: there was no record. Digests at any cut follow from it. */
  readonly previousVersion: RecordVersion | null
  readonly mutationId: string | null
  /** As in {@link RecordRow}; null of a delete. */
  readonly unseen: RecordVersion | null
  /** JSON text; null: the record was deleted (the row is its tombstone). */
  readonly value: string | null
  readonly atMs: number
}

/** A change as it is appended: a row for the log, and what only the record keeps. */
export interface AppendedChange extends LogRow {
  /** As in {@link RecordRow}. Default: none. */
  readonly priorMutations?: readonly string[]
}

/** What a row of the log says without its value. */
export type LogStub = Pick<LogRow, 'number' | 'version' | 'previousVersion' | 'mutationId'>

/** How much one reading of the storage may bring. The first row is given whatever its bytes, so that whoever goes on gets on. */
export interface ReadBound {
  readonly rows: number
  /** Of values, in UTF-8. */
  readonly bytes: number
}

/** A bound of rows alone: for tools and tests that want them whatever their size. */
export function anyBytes(rows: number): ReadBound {
  return { rows, bytes: Number.MAX_SAFE_INTEGER }
}

/** How much one reading of the log may bring. */
export interface LogBound extends ReadBound {
  /** Rows of other collections come without their values, which are neither read nor counted: as null. Absent: all values. */
  readonly collections?: readonly string[]
}

/** The relation (account, replica, space). */
export interface PartnershipRow {
  readonly partnershipId: string
  readonly account: string
  readonly replicaId: string
  /** True until one of its keys is presented. */
  readonly isProvisional: boolean
  readonly createdAtMs: number
  readonly lastSeenAtMs: number
}

/** How far a checkpoint is with a collection: complete, or the last id that was sent of its snapshot (null: nothing yet). */
export type CollectionState = { readonly complete: true } | { readonly lastId: string | null }

/** What a sync key stands for. Named by (partnershipId, n, tag). */
export interface CheckpointRow {
  readonly partnershipId: string
  readonly n: number
  readonly tag: string
  /** Tag of the checkpoint n−1 that it goes on from; null for the first of a partnership, forks too. */
  readonly parentTag: string | null
  /** Position in the log; always behind a whole mutation. */
  readonly cut: number
  readonly isPresented: boolean
  readonly collections: Readonly<Record<string, CollectionState>>
  /** The head when the last page of its snapshot was read; null while snapshot pages are missing. */
  readonly settleAt: number | null
  /** True if the cut has reached `settleAt`. */
  readonly isSettled: boolean
  /** Of its collections at its cut; null if not known. */
  readonly digest: Digest | null
  /** Records of the snapshot that were sent so far, for the progress. */
  readonly sent: number
  readonly requestId: string
  readonly createdAtMs: number
}

/** What is needed of a checkpoint to decide whether it is kept. */
export type CheckpointStub = Pick<CheckpointRow, 'n' | 'tag' | 'parentTag' | 'isPresented'>

/** An answered request, so that a late duplicate of it is recognised. */
export interface RequestRow {
  readonly requestId: string
  /** The checkpoint of its first page; of a fork's partnership if it led to a fork. */
  readonly issued: { readonly partnershipId: string; readonly n: number; readonly tag: string }
}

/** The outcome of a mutation: stored with its effect, so that it happens at most once. Named by (account, mutationId). */
export interface OutcomeRow {
  readonly mutationId: string
  readonly account: string
  /** Digest of the mutation's content. */
  readonly contentHash: string
  /** The outcome as JSON text. */
  readonly outcome: string
  /** Number of its last change; null if it had no effect. */
  readonly lastNumber: number | null
  /** The partnership that brought it; null: the partner itself. */
  readonly partnershipId: string | null
  /** n of the first page of the reply that carries it. */
  readonly n: number
  /** The request whose reply carried it last. */
  readonly requestId: string
  /** Where the mutation was made, see {@link ForgottenRow}. */
  readonly originId: string
  readonly originNumber: number
  readonly atMs: number
}

/**
 * Mutations that were answered once and whose outcomes are gone: what is left of an outcome, for ever. Named by (account, originId). One
 * row for each partnership that wrote, some dozens of bytes, however much it wrote.
 */
export interface ForgottenRow {
  readonly account: string
  readonly originId: string
  /** The numbers of these mutations, as ascending ranges: `1-40,44,50-61`. */
  readonly numbers: string
}

/**
 * A deletion that came before what it deletes: after a restore its author replayed it before the author of the record did. When the
 * mutation that it was made on comes, its result is deleted at once, so that what was deleted does not come back (invariant S20); but
 * only if nothing is in the record that the deletion's author had not seen, and if the app's rule allows it. Named by all but `base`.
 * It waits until that mutation is answered, however long: a device may bring it after years. Ids only, no values.
 */
export interface AwaitingDelete {
  readonly collection: string
  readonly id: string
  /** The mutation on whose result the deletion was made. */
  readonly mutationId: string
  /** The version on which it was made. */
  readonly base: RecordVersion | null
  /** Whose deletion it is. */
  readonly account: string
}

/** Reads one space, on one consistent state. */
export interface StorageReader {
  getSpace(): Promise<SpaceRow>
  getRecord(collection: string, id: string): Promise<RecordRow | null>
  /**
   * Records of a collection with ids after `afterId` (null: from the start) in byte order of their UTF-8 form ({@link compareBytes}),
   * without leaving one out. May stop before the bound: only an empty answer says that there are no more.
   */
  listRecords(collection: string, afterId: string | null, bound: ReadBound): Promise<readonly RecordRow[]>
  /**
   * Log rows with `after` < number ≤ `upTo`, in order, from `after` + 1 on without leaving one out. May stop before the bound, so a short
   * answer says nothing of what follows; it is empty only if the log ends or was pruned there.
   */
  listLog(after: number, upTo: number, bound: LogBound): Promise<readonly LogRow[]>
  /** One row of the log without its value, however large that is; null: pruned, or not given yet. */
  getLogStub(number: number): Promise<LogStub | null>
  /** By (account, space, partnershipId); somebody else's is null like one that does not exist. */
  getPartnership(account: string, partnershipId: string): Promise<PartnershipRow | null>
  /** All partnerships of an account (null: of all accounts), the longest unseen first. */
  listPartnerships(account: string | null): Promise<readonly PartnershipRow[]>
  getCheckpoint(partnershipId: string, n: number, tag: string): Promise<CheckpointRow | null>
  /** All checkpoints of a partnership, in order of n and then of issue. */
  listCheckpoints(partnershipId: string): Promise<readonly CheckpointRow[]>
  /** Children of a checkpoint: n + 1 and its tag as parent, oldest first. */
  listChildren(partnershipId: string, n: number, tag: string): Promise<readonly CheckpointStub[]>
  /** The presented checkpoint with the largest n; null: none yet. */
  getNewestPresented(partnershipId: string): Promise<CheckpointStub | null>
  /** The smallest n of the partnership; null: none. */
  getOldestKept(partnershipId: string): Promise<number | null>
  /** The checkpoint that was issued last among those with the largest n; null: none. */
  getNewestIssued(partnershipId: string): Promise<{ readonly n: number; readonly tag: string } | null>
  /** The largest n of a presented checkpoint with a cut of at most `durableHead`; 0: none. */
  getDurable(partnershipId: string, durableHead: number): Promise<number>
  getRequest(partnershipId: string, requestId: string): Promise<RequestRow | null>
  getOutcome(account: string, mutationId: string): Promise<OutcomeRow | null>
  /**
   * What is left of outcomes that were pruned. An outcome that was asked for before, in the same transaction, and was not there, is in
   * this answer if it was ever there.
   */
  getForgotten(account: string, originId: string): Promise<ForgottenRow | null>
  /** The deletions that wait for this record to be made again, by mutation and account. */
  listAwaitingDeletes(collection: string, id: string): Promise<readonly AwaitingDelete[]>
}

/** Reads and writes one space. */
export interface StorageTransaction extends StorageReader {
  /** As `getPartnership`; nobody else gets the row until this transaction ends. */
  lockPartnership(account: string, partnershipId: string): Promise<PartnershipRow | null>
  /** As `getRecord`; nobody else changes this record, nor makes it, until this transaction ends. */
  lockRecord(collection: string, id: string): Promise<RecordRow | null>
  /** As {@link lockRecord} for many at once: by id, those that are there. */
  lockRecords(collection: string, ids: readonly string[]): Promise<ReadonlyMap<string, RecordRow>>
  /** As `getSpace`; nobody else gets change numbers until this transaction ends. Called last of all locks. */
  lockSpace(): Promise<SpaceRow>
  /**
   * Appends changes to the log and makes the records what the changes say. The first number is head + 1 of `lockSpace`, no gaps;
   * `digest` is the space's digest after them.
   */
  appendChanges(changes: readonly AppendedChange[], digest: Digest): Promise<void>
  /**
   * Other processes on this database hear, with the commit, that the space has changed, and by which partnership (null: all of them want
   * to know). A hint: see `PartnerStorage.watch`. Absent where there are no others.
   */
  announce?(partnershipId: string | null): Promise<void>
  /**
   * Nobody will be told anything that rests on what this transaction writes: a crash may undo it, as a whole. Then its commit need not
   * wait for the disk. A hint.
   */
  renounceDurability(): Promise<void>
  /** Remembers that a key of a lost history was seen. Touches neither keys nor data. */
  noteRestoreSeen(atMs: number): Promise<void>
  /** Of several of one name the last one counts. */
  putAwaitingDelete(awaiting: AwaitingDelete, atMs: number): Promise<void>
  deleteAwaitingDelete(awaiting: AwaitingDelete): Promise<void>
  putPartnership(partnership: PartnershipRow): Promise<void>
  /** Removes it with its checkpoints and requests. Outcomes stay. */
  deletePartnership(partnershipId: string): Promise<void>
  insertCheckpoint(checkpoint: CheckpointRow): Promise<void>
  markPresented(partnershipId: string, n: number, tag: string): Promise<void>
  listCheckpointStubs(partnershipId: string): Promise<readonly CheckpointStub[]>
  deleteCheckpoint(partnershipId: string, n: number, tag: string): Promise<void>
  /** Remembers an answered request; only the last `keep` of the partnership stay. */
  putRequest(partnershipId: string, request: RequestRow, keep: number): Promise<void>
  insertOutcome(outcome: OutcomeRow): Promise<void>
  /** An outcome that is not confirmed is on its way again: in the reply to another request, of another partnership perhaps. */
  carryOutcome(outcome: Pick<OutcomeRow, 'account' | 'mutationId' | 'partnershipId' | 'n' | 'requestId'>): Promise<void>
  /**
   * The outcomes of a partnership up to page n and log position `cut` have reached the initiator, as far as a presented checkpoint comes
   * from the reply that carried them.
   */
  confirmOutcomes(partnershipId: string, n: number, cut: number, atMs: number): Promise<void>
  /**
   * Removes log rows older than `beforeMs`, oldest first, and raises the floor. Returns their number. A row that is dated later than
   * `nowMs` (the clock was ahead when it was written) counts as old as the first one behind it that is not.
   */
  pruneLog(beforeMs: number, nowMs: number): Promise<number>
  /**
   * Removes at most `max` outcomes that were confirmed before `confirmedBeforeMs`, or made before `madeBeforeMs` and whose partnership is
   * gone. Returns them.
   */
  pruneOutcomes(confirmedBeforeMs: number, madeBeforeMs: number, max: number): Promise<readonly PrunedOutcome[]>
  /** Takes the place of the row of the same name. Called under the lock on the space's head. */
  putForgotten(forgotten: ForgottenRow): Promise<void>
  /**
   * Outcomes, and the last change of the log with all that are, that are dated later than now are dated now: the clock was ahead when
   * they were written, and nothing stays longer for that.
   */
  dateBack(nowMs: number): Promise<void>
}

/** What is kept of an outcome that was pruned. */
export type PrunedOutcome = Pick<OutcomeRow, 'account' | 'originId' | 'originNumber'>
