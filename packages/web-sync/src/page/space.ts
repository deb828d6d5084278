import type { CollectionsByName, RecordOf, Schema } from 'web-sync-protocol'
import type {
  GetAuth,
  ListedWrite,
  Query,
  RefusedEntry,
  ReportCode,
  SalvageChoice,
  SalvageEntry,
  SignOutResult,
  SpaceStatus,
  SyncInspection,
  UnsentChoice,
  UnsentCount,
} from '../contract/index.ts'
import type { LiveQuery } from './live-query.ts'
import type { Observable } from './observable.ts'
import type { CreateWorker } from './worker-link.ts'
import type { Write } from './write.ts'

/**
 * Changes of a record: fields that are missing stay, undefined removes one (which only an optional field allows), objects merge field by
 * field; everything else replaces, null and arrays included. JSON drops what is undefined: a patch that has been JSON removes nothing.
 */
export type PatchOf<Value> = {
  readonly [Field in keyof Value]?: PatchField<Value[Field]> | ({} extends Pick<Value, Field> ? undefined : never)
}

type PatchField<Value> = Value extends readonly unknown[] ? Value : Value extends object ? PatchOf<Value> : Value

/** A query on one collection; see {@link Query}. */
export type CollectionQuery = Omit<Query, 'collection'>

/** Writes of one collection inside {@link Space.mutate}. */
export interface CollectionWriter<Value> {
  insert(value: Value): void
  put(value: Value): void
  patch(id: string, patch: PatchOf<Value>): void
  delete(id: string): void
}

/** One collection of a space. Each write is one atomic mutation; for several together see {@link Space.mutate}. */
export interface SpaceCollection<Value> {
  /** Adds a record; error `record-exists` if the id is taken on this device. */
  insert(value: Value): Write
  /** Writes a whole record, new or not. */
  put(value: Value): Write
  /** Changes fields; error `record-missing`, or `not-loaded` while the first sync has not brought the record. */
  patch(id: string, patch: PatchOf<Value>): Write
  delete(id: string): Write
  get(id: string): Promise<Value | undefined>
  /** Default: all records, by id. */
  query(query?: CollectionQuery): LiveQuery<Value>
}

/** The writers of all collections. */
export type Transaction<Collections extends CollectionsByName> = {
  readonly [Name in keyof Collections]: CollectionWriter<RecordOf<Collections[Name]>>
}

/** A list that can be followed. */
export interface EntryList<Entry> extends Observable<readonly Entry[]> {
  readonly list: () => Promise<Entry[]>
}

/** An open space. */
export interface Space<Collections extends CollectionsByName> {
  readonly account: string
  readonly space: string
  readonly collections: {
    readonly [Name in keyof Collections]: SpaceCollection<RecordOf<Collections[Name]>>
  }
  /** Several operations as one atomic mutation, here and on the partner. `build` must not be async. */
  mutate(build: (tx: Transaction<Collections>) => void): Write
  /** A write that was made earlier, also before a reload. */
  write(mutationId: string): Write
  readonly status: Observable<SpaceStatus>
  /** Writes that are not durable yet, oldest first. */
  readonly writes: EntryList<ListedWrite> & {
    /** Sends one that was set aside again, as it is. */
    retry(mutationId: string): Write
    /** Gives up one that was set aside. */
    discard(mutationId: string): Promise<void>
  }
  /** Writes that the partner refused. Nothing leaves this list but by retry, edit or discard. */
  readonly refused: EntryList<RefusedEntry> & {
    /** Sends it again, as a new write on the records as they are now. */
    retry(mutationId: string): Write
    /** As retry, with other operations. */
    edit(mutationId: string, build: (tx: Transaction<Collections>) => void): Write
    discard(mutationId: string): Promise<void>
  }
  /** Records that a rollback or resync took away and that were nobody's own write here. */
  readonly salvage: EntryList<SalvageEntry> & {
    /** Writes them anew; how many. */
    restore(choice?: SalvageChoice): Promise<number>
    discard(choice?: SalvageChoice): Promise<void>
  }
  /** For panels and bug reports: keys, outbox, journal, the last exchanges. */
  inspect(): Promise<SyncInspection>
  /** Tries at once, whatever it waits for: after signing in again, or when a person asks. */
  retry(): void
  /** Asks the browser never to evict this origin's data; true if it agrees. Asked by itself after the first write. */
  persistStorage(): Promise<boolean>
  /**
   * Removes everything of this space from the device, unsent writes too, and closes it, in all tabs; says what was given up. Errors:
   * `closed`; `storage-blocked` and `storage-failed`: something is left, and it can be called again.
   */
  wipe(): Promise<UnsentCount>
  /**
   * Signs the account out of this device: all its spaces close, in all tabs, and the service worker leaves them alone. What becomes of
   * writes that the partner has not accepted is the app's choice; nothing else loses one. Sign out of the server afterwards, since
   * `send-first` needs the sign-in. Errors: `storage-blocked`, `storage-failed`; it can be called again.
   *
   * @example
   * const result = await space.signOut({ unsent: 'send-first', timeoutMs: 10_000 })
   * if (result.type === 'unsent') askThePerson(result.reason, result.spaces) // nothing was removed: keep, discard, or go on
   */
  signOut(options: SignOutOptions): Promise<SignOutResult>
  close(): Promise<void>
}

/** How {@link Space.signOut} treats what is on the device. */
export interface SignOutOptions {
  /**
   * `keep`: everything stays on the device, for the account's next sign-in. `send-first`: waits until everything is accepted, then
   * removes everything; if something cannot be sent, nothing is removed and the result says why. `discard`: removes everything now.
   */
  readonly unsent: UnsentChoice
  /** The longest wait of `send-first`, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number
  /** Ends the wait of `send-first`. */
  readonly signal?: AbortSignal
}

/** What a space is opened with. */
export interface SpaceOptions<Collections extends CollectionsByName> {
  readonly schema: Schema<Collections>
  /** Name of the space on the partner. */
  readonly space: string
  /** Who is using it: the store is bound to this account, and nothing of it is ever sent as another one. */
  readonly account: string
  /**
   * Address of the partner, absolute or relative to the page; it is a part of the store's name, so
   * pages in different folders should begin it with `/`. Default: none, local use only.
   */
  readonly endpoint?: string
  /**
   * Where the same partner was before, newest first; null: the app had none. What the account has on this device under these addresses,
   * unsent writes included, is taken over once, then nothing is left of it there. Keep it for as long as a device may come back that was
   * not opened since. Default: none; a store of another address is left alone.
   */
  readonly movedFrom?: string | null | readonly (string | null)[]
  /** Cookies for another origin are sent with 'include' only. Default: 'same-origin'. */
  readonly credentials?: 'same-origin' | 'include'
  /** Headers that prove who is asking. Default: none, cookies do. */
  readonly getAuth?: GetAuth
  /** Starts `web-sync/worker`, for bundlers that do not find it by themselves. Default: found beside this module. */
  readonly createWorker?: CreateWorker
  /** A partner that runs in another worker of this browser, behind a port, instead of `endpoint`. */
  readonly transportPort?: MessagePort
  /** Ask the browser after the first write not to evict this origin's data. Default: true. */
  readonly persistStorage?: boolean
  /** Told of what the partner's operator should know, or the person who uses the app; see {@link ReportCode}. */
  readonly onReport?: (code: ReportCode) => void
}
