import type {
  JsonObject,
  JsonValue,
  OutcomeVersion,
  Problem,
  ReceivedAsk,
  RecordVersion,
  ReplyHead,
  SyncKey,
} from 'web-sync-protocol'
import type { Digest } from 'web-sync-protocol'
import type { CheckpointRow, PartnershipRow } from './storage.ts'
import type { StopSignal } from './ports.ts'

/** The answer to an ask. A problem's body is complete; a reply's first page is committed, further ones are made as they are drawn. */
export type EngineAnswer =
  | { readonly type: 'problem'; readonly problem: Problem; readonly retryAfterMs: number | null }
  | { readonly type: 'reply'; readonly head: ReplyHead; readonly pages: AsyncIterator<string, void> }

/** A commit that other replicas of the space want to hear of. */
export interface CommitNotice {
  readonly space: string
  /** The partnership that caused it; null: the partner itself. */
  readonly partnershipId: string | null
}

/** A record with its version. */
export interface ReadRecord {
  readonly version: RecordVersion
  readonly value: JsonObject
}

/** The fields that a patch changes; undefined: it goes. */
export interface PatchFields {
  readonly [field: string]: JsonValue | PatchFields | undefined
}

/** Collects the operations of one own write; see `Partner.transact`. */
export interface CollectionWriter {
  /** The record must not exist. */
  insert(record: JsonObject): void
  /** Makes or replaces the record. */
  put(record: JsonObject): void
  /** Changes fields of an existing record: undefined removes one, objects merge, everything else replaces, null included. */
  patch(id: string, patch: PatchFields): void
  /** Removes the record; nothing happens if there is none. */
  delete(id: string): void
}

/** What an own write did. */
export interface TransactResult {
  readonly mutationId: string
  readonly versions: readonly OutcomeVersion[]
}

/** Options of an import. */
export interface ImportOptions {
  /** Records in one transaction. Default: 2,000. */
  readonly batch?: number
  /** Called after each committed batch. */
  readonly onProgress?: (progress: ImportResult) => void
}

/** What an import has done so far. */
export interface ImportResult {
  /** Records read. */
  readonly records: number
  /** Of them those that were equal to what was stored: nothing was written for them. */
  readonly unchanged: number
}

/** What a panel shows of a space. */
export interface Inspection {
  readonly space: string
  readonly head: number
  readonly floor: number
  readonly durableHead: number
  readonly isRestoreSeen: boolean
  readonly digest: Digest
  readonly partnerships: readonly InspectedPartnership[]
}

/** A partnership with its checkpoints, in order of n. */
export interface InspectedPartnership extends PartnershipRow {
  readonly checkpoints: readonly Pick<
    CheckpointRow,
    'n' | 'tag' | 'parentTag' | 'cut' | 'isPresented' | 'isSettled' | 'requestId' | 'createdAtMs'
  >[]
}

/** What retention removed. */
export interface PruneResult {
  readonly logRows: number
  readonly outcomes: number
  readonly partnerships: number
}

/** What the engine offers to the rooms that carry it to the outside: http, nudges, the port. */
export interface PartnerEngine {
  /** False on a standby: no key may be judged (case K8). */
  isPrimary(): Promise<boolean>
  /**
   * Answers one parsed ask of an authenticated account. Never throws for what an initiator can cause; throws for bugs and a broken
   * platform, after nothing was stored.
   */
  answer(account: string, ask: ReceivedAsk, signal: StopSignal): Promise<EngineAnswer>
  /** The spaces of those partnerships of the account to which it has access now. */
  findReadable(account: string, partnershipIds: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** The newest key issued to a partnership; null: none is kept. */
  newestKey(space: string, partnershipId: string): Promise<SyncKey | null>
  /** Hears of each commit that changed a space. Returns how to stop. */
  onCommit(listener: (notice: CommitNotice) => void): () => void
}
