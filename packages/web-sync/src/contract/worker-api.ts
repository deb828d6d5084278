import type {
  FailureReason,
  HaltCode,
  JsonObject,
  Progress,
  SchemaShape,
  SentKey,
  Wait,
  WakeReason,
} from 'web-sync-protocol'
import type { ErrorWire } from './error-wire.ts'
import type { AuthHeaders } from './ports.ts'
import type { Query, QueryExplanation, QueryResult, ResultChange } from './query.ts'
import type {
  LocalOp,
  RefusedEntry,
  SalvageEntry,
  StorageRecovery,
  SyncInspection,
  WriteEntry,
  WriteStage,
} from './store.ts'
import type { StoreId } from './store-id.ts'

/** The part of a MessagePort that we need, so that rooms without a browser's library can name it. */
export interface PortLike {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  start(): void
  close(): void
}

/** The app's callback for headers that prove who is asking; null: nobody is signed in. `isRefresh`: the last ones were answered 401. */
export type GetAuth = (isRefresh: boolean) => Promise<AuthHeaders | null>

/** What the page opens a space with; all of it crosses to the worker. */
export interface OpenRequest {
  readonly account: string
  readonly space: string
  readonly schema: SchemaShape
  /** Absolute URL; null: no partner yet, or one behind `transportPort`. */
  readonly endpoint: string | null
  /** As of {@link StoreId}. */
  readonly movedFrom?: StoreId['movedFrom']
  readonly credentials: 'same-origin' | 'include'
  /** True if a {@link GetAuth} goes with this. */
  readonly usesAuth: boolean
  /** A partner that runs in another worker; null: the partner is at `endpoint`. */
  readonly transportPort: PortLike | null
  /** {@link SpaceEvent}s go out here. */
  readonly events: PortLike
  /**
   * What this browser remembers of the store outside its database, as a page last saw it; null: it remembers none. Tells what was lost
   * from what never was. Four numbers with blanks between: when it was last up to date (milliseconds since 1970; 0: never), unsent writes,
   * {@link SpaceStatus.written}, and {@link StorageHealth.madeAtMs}.
   */
  readonly remembered: string | null
}

/** What names the store that is asked for. */
export function requestToId({ schema, endpoint, account, space, movedFrom }: OpenRequest): StoreId {
  return { app: schema.app, endpoint, account, space, movedFrom }
}

/**
 * What happened that the app or the partner's operator should know: `digest-mismatch`, `degraded`; `partner-replaced`: another database
 * answers at the address; `storage-replaced`: see {@link StorageHealth.recovery}; `storage-evicted`: see {@link StorageHealth.evictedAtMs}.
 */
export type ReportCode = 'digest-mismatch' | 'degraded' | 'partner-replaced' | 'storage-replaced' | 'storage-evicted'

/** What the worker tells the page without being asked. */
export type SpaceEvent =
  | { readonly type: 'status'; readonly status: SpaceStatus }
  | { readonly type: 'result'; readonly id: number; readonly result: ResultChange<JsonObject> }
  | { readonly type: 'query-failed'; readonly id: number; readonly error: ErrorWire }
  /** The lists of writes, refused or salvaged entries may be different now. */
  | { readonly type: 'entries' }
  | { readonly type: 'report'; readonly code: ReportCode }
  /** The store is gone: wiped by another tab (`isRemoved`: nothing of it is to stay on the device), or replaced by a newer version of the app. */
  | { readonly type: 'closed'; readonly error: ErrorWire; readonly isRemoved: boolean }

/** What a space is doing. */
export type SpaceState =
  /** Nothing to do right now. */
  | 'idle'
  | 'syncing'
  /** An attempt failed: the next one is at `wait.untilMs`, or when something gives hope. */
  | 'waiting'
  /** No exchange is tried until what `halt` names is mended; local use goes on. */
  | 'halted'
  /** Too many resets in a row: one attempt an hour. */
  | 'degraded'
  /** No endpoint was given: local use only. */
  | 'local'
  | 'closed'

/** What the app may know of a space at one instant. */
export interface SpaceStatus {
  readonly state: SpaceState
  /** Mutations not accepted yet, those set aside included. */
  readonly pending: number
  /** Mutations on their way from this tab right now. */
  readonly sending: number
  readonly setAside: number
  readonly refused: number
  readonly salvage: number
  /** Accepted mutations that are kept until they are durable. */
  readonly journal: number
  readonly journalDropped: number
  /** Writes that this browser's copy was ever given, whatever became of them; never goes down in one copy. */
  readonly written: number
  readonly key: SentKey
  readonly partnershipId: string | null
  readonly replicaId: string
  /** True until the first sync has brought everything. */
  readonly isPartial: boolean
  readonly isResyncing: boolean
  /** Of the first sync or a full resync, in records; null otherwise. */
  readonly progress: Progress | null
  /** Milliseconds since 1970; null: never. */
  readonly lastSyncAtMs: number | null
  readonly wait: Wait | null
  readonly halt: HaltCode | null
  /** What the browser says: a hint, nothing is decided by it. */
  readonly isOnline: boolean
  readonly storage: StorageHealth
}

/** Health of the device's storage. */
export interface StorageHealth {
  /** True if the browser promised not to evict; null: it does not say. */
  readonly persisted: boolean | null
  /** Bytes, an estimate; null: the browser does not say. */
  readonly usage: number | null
  readonly quota: number | null
  /** True: less than a tenth of the room that the browser gives is left, writes may soon be refused; null: the browser does not say. */
  readonly isLow: boolean | null
  /** When this browser's copy was begun, milliseconds since 1970. */
  readonly madeAtMs: number
  /**
   * When this browser's copy was found missing though it had been there, or without the last writes that it had been given, milliseconds
   * since 1970; null: never in this session.
   */
  readonly evictedAtMs: number | null
  /**
   * Unsent writes that this browser's copy had when a page last looked, and has no more, if that was found: they are lost, unless they were
   * sent since. Else null, and if the browser remembers nothing.
   */
  readonly evictedUnsent: number | null
  /** What was done about a database that could not be used any more, the last time; null: never. */
  readonly recovery: StorageRecovery | null
  /**
   * Unsent writes that there were when a page last looked, if the database was replaced in this session: those that are not among
   * `recovery.saved` are lost, or not read yet. Else null, and if the browser remembers nothing.
   */
  readonly replacedUnsent: number | null
}

/** A write in the list. */
export interface ListedWrite extends WriteEntry {
  /** True while it is on its way from this tab. */
  readonly isSending: boolean
}

/** Names of salvaged records, or all of them. */
export type SalvageChoice = readonly { readonly collection: string; readonly id: string }[] | 'all'

/**
 * What becomes of writes that the partner has not accepted when the account signs out of this device: `keep` them for its next sign-in,
 * `send-first`, or `discard` them.
 */
export type UnsentChoice = 'keep' | 'send-first' | 'discard'

/** What would be lost with a store on this device; see docs/decisions/0018-what-counts-as-unsent.md. */
export interface UnsentRows {
  /**
   * Writes that the partner has not accepted, refused and set-aside ones included; accepted ones that it may have lost, while a full
   * resync is under way; and the salvaged records.
   */
  readonly unsent: number
  /** How many of `unsent` are records that a restored or wiped partner has lost, and that nobody wrote here; see `space.salvage`. */
  readonly salvaged: number
  /** False: something cannot be read, or is still looked through, so there may be more. */
  readonly isComplete: boolean
}

/** A space of the account on this device, and what would be lost with it. */
export interface UnsentCount extends UnsentRows {
  readonly space: string
}

/** How signing out ended. */
export type SignOutResult =
  /** The account's spaces are closed in all tabs, and the service worker leaves them alone; everything is still on the device. */
  | { readonly type: 'kept'; readonly spaces: readonly UnsentCount[] }
  /** Nothing of the account is left on the device, in any tab; `unsent` writes were given up (0 with `send-first`). */
  | { readonly type: 'removed'; readonly spaces: readonly UnsentCount[] }
  /** With `send-first` only: something could not be sent, so nothing was closed or removed of the spaces that have unsent writes. */
  | { readonly type: 'unsent'; readonly reason: UnsentReason; readonly spaces: readonly UnsentCount[] }

/** Why something could not be sent. */
export type UnsentReason =
  | HaltCode
  | FailureReason
  /** The caller's signal said so. */
  | 'aborted'
  /** The rest was refused or set aside: see `space.refused` and `space.writes`. */
  | 'refused'
  /** The rest are records that the partner has lost: see `space.salvage`. */
  | 'salvaged'
  /** Something on the device cannot be read, so nobody knows whether it was sent. */
  | 'unreadable'
  /** This space is done; another space of the account is not. */
  | 'other-space'
  /** There is no partner. */
  | 'local'

/** What one may wait for of a mutation. */
export type ReachTarget = 'stored' | 'accepted' | 'durable'

/** One open space, as the page calls it across the worker border. Errors are SyncErrors. */
export interface SpaceApi {
  write(mutationId: string, ops: readonly LocalOp[]): Promise<void>
  /** What each operation would make of its record as it is seen now, for the page's validators; null: no record, or none that is known. */
  preview(ops: readonly LocalOp[]): Promise<(JsonObject | null)[]>
  get(collection: string, id: string): Promise<JsonObject | undefined>
  query(query: Query): Promise<QueryResult<JsonObject>>
  count(query: Query): Promise<number>
  explain(query: Query): Promise<QueryExplanation>
  /** Begins a live query: results come as events with this id (drawn by the page). */
  subscribe(id: number, query: Query): void
  unsubscribe(id: number): void
  /**
   * Resolves when the mutation is known to be stored, accepted or durable. Rejects with `refused`, `aborted` (discarded),
   * `durability-unknown`, `storage-evicted`, `storage-replaced`, `not-found`, or `closed`; see docs/writes.md.
   */
  reach(mutationId: string, stage: ReachTarget): Promise<void>
  /** Where the mutation is in its life. */
  readStage(mutationId: string): Promise<WriteStage>
  /** Something gives hope that a run may succeed now; null: only the hint whether the browser is online changed. */
  wake(reason: WakeReason | null, isOnline: boolean): void
  listWrites(): Promise<ListedWrite[]>
  listRefused(): Promise<RefusedEntry[]>
  /**
   * Sends a refused mutation again as `newMutationId`, with other operations if given; with its own id, one that was set aside, as it is.
   * Error `not-found` if there is no such one.
   */
  retry(mutationId: string, newMutationId: string, ops: readonly LocalOp[] | null): Promise<void>
  discard(mutationId: string): Promise<void>
  listSalvage(): Promise<SalvageEntry[]>
  restoreSalvage(mutationId: string, choice: SalvageChoice): Promise<number>
  discardSalvage(choice: SalvageChoice): Promise<void>
  inspect(): Promise<SyncInspection>
  /** Reads storage health again: the page has asked for persistence. */
  refreshStorage(): Promise<void>
  /** Removes everything of this space from the device, in all tabs, then closes; says what was given up. */
  wipe(): Promise<UnsentCount>
  /** Signs the account out of this device, in all its spaces and tabs; `timeoutMs` bounds what `send-first` waits. */
  signOut(unsent: UnsentChoice, timeoutMs: number): Promise<SignOutResult>
  /** Ends the wait of a `send-first` that is under way. */
  endSignOut(): void
  close(): Promise<void>
}

/** The worker, as the page calls it. */
export interface WorkerApi {
  /** Holds a lock of this name from now on, until the worker ends: so the page finds out that it has. */
  hold(lockName: string): Promise<void>
  open(request: OpenRequest, getAuth: GetAuth | null): Promise<SpaceApi>
}
