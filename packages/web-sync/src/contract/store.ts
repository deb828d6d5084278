import type {
  CheckpointName,
  CommitResult,
  Digest,
  JsonObject,
  Memory,
  Mutation,
  Op,
  Page,
  Patch,
  Progress,
  RecordVersion,
  RefusalCode,
  ResetKind,
  ResyncCause,
  SchemaShape,
  SentKey,
} from 'web-sync-protocol'
import type { Query, QueryResult, RecordChange } from './query.ts'
import type { StoreId } from './store-id.ts'

/**
 * The key that an ask was sent with: compared inside every transaction that follows from its answer. If the stored one is another,
 * the answer is dropped: the sync key is the law, the lock only a courtesy.
 */
export interface Fence {
  readonly partnershipId: string | null
  readonly key: SentKey
  /** Generation of the records that the answer goes into. */
  readonly generation: number
  /** True if the answer belongs to a full resync: then the row of the resync is compared and advanced, not the store's key. */
  readonly isResync: boolean
}

/** What the engine reads before each ask, in one transaction. */
export interface SyncState {
  readonly account: string
  readonly space: string
  readonly replicaId: string
  /** The partner's own id, as it said it last; null: it never did. */
  readonly partnerId: string | null
  /** What the ask is sent with: of the resync if one is under way, else of the store. */
  readonly fence: Fence
  /** True if `fence.key` is settled: only then mutations are sent and checkpoints offered. */
  readonly isSettled: boolean
  readonly schema: SchemaShape
  readonly memory: Memory
  /** Of the records at `fence.key`. */
  readonly digest: Digest
}

/** A page, with what its reply's head said. */
export interface ReceivedPage {
  readonly partnershipId: string
  /** The partner's own id; null or absent: it did not say it, and what is known stays. */
  readonly partnerId?: string | null
  /** The replica that the initiator is from this page on; null: as before. */
  readonly forkedReplicaId: string | null
  readonly durable: number
  readonly page: Page
}

/** One line of the exchange log that the app may show; the last {@link EXCHANGE_LOG_SIZE} are kept. */
export interface ExchangeEntry {
  readonly atMs: number
  readonly host: 'worker' | 'service-worker'
  /** n of the key that was sent, and of the key after it. */
  readonly from: number
  readonly to: number
  readonly partnershipId: string | null
  readonly mutations: number
  readonly changes: number
  /** 'ok', a problem's code with its reason, a failure's reason, 'rollback to N', 'resync'. */
  readonly result: string
}

/** How many exchange entries are kept. */
export const EXCHANGE_LOG_SIZE = 200

/**
 * The engine's side of a store. Each method is one transaction: all of it or nothing becomes visible and durable; a rejected promise
 * means that nothing changed. Rollback, resync, flip and removal are strictly durable; applied pages are not (losing one is a lost
 * response, case K2, or a set-back client, case K3).
 */
export interface SyncStore {
  /** What an ask is composed from. */
  readState(): Promise<SyncState>
  /** Settled checkpoints that {@link SyncStore.rollBack} can restore, newest first; at most `max`. */
  readHave(max: number): Promise<CheckpointName[]>
  /**
   * Mutations that can be sent, in order: those set aside are left out, and so are those that touch a record of one left out.
   * At least one if there is one, else at most `limit.mutations` and about `limit.bytes` of JSON.
   */
  readOutbox(limit: { readonly mutations: number; readonly bytes: number }): Promise<Mutation[]>
  /**
   * Applies a page: compare with the fence → pre-images → base → outcomes → overlay rebased → digest compared → key. In a resync the
   * page goes into the new generation, and the first settled page flips it. A fault leaves everything as it was.
   */
  commitPage(fence: Fence, received: ReceivedPage): Promise<CommitResult>
  /** Returns base and key to an older checkpoint; acked mutations of later steps return to the front of the outbox. */
  rollBack(fence: Fence, to: CheckpointName): Promise<'done' | 'stale' | 'unrestorable'>
  /** Opens a row for a full resync (key 0, a new generation), or begins the one under way anew. */
  beginResync(fence: Fence, reset: ResetKind, cause: ResyncCause): Promise<'done' | 'stale'>
  /** Takes a mutation out of the way: it stays in the outbox, visible and retryable, and is not sent. */
  setAside(mutationId: string, code: 'undeliverable' | 'too-large'): Promise<void>
  /** Access has ended: base, undo and salvage go; outbox and journal become refused entries with code `access-ended`. */
  removeAccess(fence: Fence): Promise<'done' | 'stale'>
  /** Stores what the machine remembers, and what the run did. */
  writeMemory(
    memory: Memory,
    run: { readonly exchanges: readonly ExchangeEntry[]; readonly syncedAtMs: number | null },
  ): Promise<void>
}

/** A write as the app asks for it; the store finds out what it is based on. */
export type LocalOp =
  | {
      readonly op: 'insert' | 'put'
      readonly collection: string
      readonly id: string
      readonly value: JsonObject
    }
  | (Patch & { readonly op: 'patch'; readonly collection: string; readonly id: string })
  | { readonly op: 'delete'; readonly collection: string; readonly id: string }

/**
 * Where a mutation is in its life; see docs/glossary.md. `dropped`: it was accepted, and left the journal by its limits before it was
 * durable. `lost`: it was accepted, the partner went back, and it was too old to be sent again. `unknown`: nothing is known of it: never
 * seen, forgotten, or gone with the database that it was in.
 */
export type WriteStage =
  | 'stored'
  | 'accepted'
  | 'durable'
  | 'dropped'
  | 'lost'
  | 'refused'
  | 'set-aside'
  | 'discarded'
  | 'unknown'

/** A mutation that waits for the partner, or is kept until it is durable. */
export interface WriteEntry {
  readonly mutationId: string
  readonly order: number
  readonly createdAtMs: number
  readonly stage: WriteStage
  readonly ops: readonly Op[]
  /** n of the page that brought the outcome; null before. */
  readonly acceptedAt: number | null
  /** Why it was set aside; null otherwise. */
  readonly code: 'undeliverable' | 'too-large' | null
}

/** A record as the partner has it. */
export interface PartnerRecord {
  readonly collection: string
  readonly id: string
  /** null: there is no such record. */
  readonly version: RecordVersion | null
  readonly value: JsonObject | null
}

/** Why a mutation was refused or set aside. */
export interface RefusalReason {
  readonly code: RefusalCode | 'access-ended' | 'undeliverable'
  readonly message: string
  readonly path: string
  /** True: it was accepted before access ended. */
  readonly wasAccepted: boolean
}

/** A mutation that the partner refused, kept until the app retries or discards it. */
export interface RefusedEntry {
  readonly mutationId: string
  readonly order: number
  readonly refusedAtMs: number
  readonly type: 'refused' | 'conflict'
  readonly code: RefusalCode | 'access-ended'
  readonly message: string
  readonly path: string
  /** As they were written: a `put` with the whole record, though it travelled as a patch. */
  readonly ops: readonly Op[]
  /**
   * What the mutation names, as the partner has it: as this device knew it when the list was read, without its own unsent writes. Empty
   * when access has ended.
   */
  readonly records: readonly PartnerRecord[]
  /** True: the partner had accepted it before access ended. Default: false. */
  readonly wasAccepted?: boolean
}

/** A record image that a rollback or resync took away and that no own mutation made. */
export interface SalvageEntry {
  readonly collection: string
  readonly id: string
  readonly value: JsonObject
  readonly version: string
  readonly salvagedAtMs: number
}

/** Numbers for the status. */
export interface StoreCounts {
  /** Mutations not accepted yet, those set aside included. */
  readonly pending: number
  readonly setAside: number
  readonly refused: number
  /** Accepted mutations kept for replay. */
  readonly journal: number
  readonly salvage: number
  /** Journal entries that left by the retention limit before the partner called them durable, ever. */
  readonly journalDropped: number
  /** Mutations that this database was ever given, whatever became of them. */
  readonly written: number
}

/** A database could not be used any more, and a fresh one took its place. */
export interface StorageRecovery {
  /** Milliseconds since 1970. */
  readonly atMs: number
  /**
   * `no-answer`: transactions did not end (a tab that stands still, or a locked-up database); `error`: the browser reported failures;
   * `damaged`: what is stored contradicts itself or does not parse.
   */
  readonly cause: 'no-answer' | 'error' | 'damaged'
  /** In the browser's words, or ours; for bug reports. */
  readonly message: string
  /** Unsent writes that were brought over; they are sent as if nothing had happened. */
  readonly saved: number
  /**
   * Rows in the old database that cannot be read, each with what one transaction wrote, or a part of it: if there are any, writes are
   * lost; null: nobody knows (yet).
   */
  readonly unreadable: number | null
  /** True: all that can be read of older databases was brought over. */
  readonly isRead: boolean
  /** True: an old database is still there; each start tries again to read it and to remove it. */
  readonly isOldKept: boolean
}

/** What the app may know of the store's sync state. */
export interface SyncSummary {
  readonly key: SentKey
  readonly partnershipId: string | null
  readonly replicaId: string
  readonly isSettled: boolean
  readonly isResyncing: boolean
  readonly progress: Progress | null
  readonly lastSyncAtMs: number | null
  /** When this database was made, milliseconds since 1970. Tells one from its successor. */
  readonly madeAtMs: number
  /** When the browser was found to have thrown the store away; null: never. What was not sent by then is lost. */
  readonly evictedAtMs: number | null
  /** What was done about a database that could not be used any more, the last time; null: never. */
  readonly recovery: StorageRecovery | null
  readonly memory: Memory
  readonly counts: StoreCounts
}

/** For the panel that draws the key's life. */
export interface SyncInspection extends SyncSummary {
  readonly have: readonly CheckpointName[]
  readonly outbox: readonly WriteEntry[]
  readonly journal: readonly WriteEntry[]
  readonly exchanges: readonly ExchangeEntry[]
  readonly undoBytes: number
}

/** The most changes that a page of a sync is asked for. */
export const PAGE_CHANGES = 2_000

/**
 * The most records that a notice lists: what a page changes fits, and some pending writes on top of it, so that live queries take it in
 * from memory during a first sync, and do not read their records anew for each page.
 */
export const MAX_NOTICE_RECORDS: number = PAGE_CHANGES + 48

/** Says what a transaction changed; sent to all tabs after it is complete. */
export interface StoreNotice {
  /** Collections whose records may look different now. */
  readonly collections: readonly string[]
  /** The records of these collections that may look different, each once; 'all': any of them (or more than {@link MAX_NOTICE_RECORDS}). */
  readonly records: readonly RecordChange[] | 'all'
  /** Mutations whose stage changed. */
  readonly mutations: readonly { readonly mutationId: string; readonly stage: WriteStage }[]
  /** True if there is something new to send. */
  readonly hasNewWrites: boolean
}

/** The app's side of a store. Each method is one transaction. Faults of the input are {@link SyncError}s, and nothing is stored. */
export interface RecordStore {
  /**
   * Stores one atomic mutation: records and outbox together, strictly durable; resolves when the transaction is complete.
   * Errors: invalid-value, invalid-id, invalid-mutation, unknown-collection, record-exists, record-missing, not-loaded, quota-exceeded.
   */
  write(mutationId: string, ops: readonly LocalOp[]): Promise<void>
  get(collection: string, id: string): Promise<JsonObject | undefined>
  query(query: Query): Promise<QueryResult<JsonObject>>
  count(query: Query): Promise<number>
  readSummary(): Promise<SyncSummary>
  inspect(): Promise<SyncInspection>
  listWrites(): Promise<WriteEntry[]>
  readStage(mutationId: string): Promise<WriteStage>
  listRefused(): Promise<RefusedEntry[]>
  /** Why one mutation was refused or set aside; null: it is neither. Costs the same however many there are. */
  readRefusal(mutationId: string): Promise<RefusalReason | null>
  /** Sends a refused mutation again as a new one made on the records as they are now (`newMutationId`), with other ops if given. A `put` changes again what it changed, and makes the record whole where it is gone; one set aside is sent again as it is. */
  retry(mutationId: string, newMutationId: string, ops?: readonly LocalOp[]): Promise<void>
  /** The only way in which a write is lost: a refused or set-aside mutation (and what depends on it) is given up. */
  discard(mutationId: string): Promise<void>
  listSalvage(): Promise<SalvageEntry[]>
  /** Writes salvaged records anew, as one mutation. Entries whose id is taken meanwhile stay. Returns how many were restored. */
  restoreSalvage(
    mutationId: string,
    entries: readonly { readonly collection: string; readonly id: string }[] | 'all',
  ): Promise<number>
  discardSalvage(entries: readonly { readonly collection: string; readonly id: string }[] | 'all'): Promise<void>
  /** Removes all that is not needed any more in short steps (old generations, undo beyond its limit); true if more is left. */
  tidy(): Promise<boolean>
  /** Ends all use; later calls reject with 'closed'. */
  close(): Promise<void>
}

/** One store for one (account, space) on this device. */
export interface Store extends SyncStore, RecordStore {}

/** What a host needs that only delivers. */
export interface DeliveryStore extends SyncStore, Pick<RecordStore, 'readSummary' | 'close'> {}

/** Who hears of what becomes of a store. */
export interface StoreListeners {
  /** Called after each transaction that changed something. */
  readonly onNotice: (notice: StoreNotice) => void
  /** Called after the store's database was opened again while it was in use, before anything goes on there: it may be another one, or empty. The summary says which. Default: nobody listens. */
  readonly onReopened?: () => void
}

/** What a store is opened with. */
export interface StoreOptions extends StoreListeners {
  /** Absolute address of the partner, a part of the store's name; null: there is none, or it is behind a port. Default: null. */
  readonly endpoint?: string | null
  /** As of {@link StoreId}: what is kept under these is taken over. Default: none. */
  readonly movedFrom?: StoreId['movedFrom']
  readonly account: string
  readonly space: string
  readonly schema: SchemaShape
}
