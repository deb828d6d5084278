import type {
  Digest,
  JsonObject,
  Memory,
  MutationOrigin,
  Op,
  OutcomeVersion,
  Progress,
  RecordVersion,
  RefusalCode,
  ResetKind,
  ResyncCause,
  SchemaShape,
  SentKey,
  SyncKey,
} from 'web-sync-protocol'
import type { ExchangeEntry, StorageRecovery } from '../contract/index.ts'
import type { RowKey } from './keys.ts'
import type { Written } from './written.ts'

/**
 * The layout. The partner's records and their indexes are packed, hundreds of entries in one row (see packed/), for IndexedDB asks a
 * price for each row, whatever is in it; of what the app writes, and of what becomes of it, all that one transaction changes is one row
 * (see grouped/). The transactions see rows: «packed» and «grouped» ones are not on the disk as such. A grouped row has `ix`, the keys
 * under which it is found beside its own.
 *
 *     meta      one row for each name             sync · checkpoints · exchanges · schema · layout · warm · inherited · moving
 *     packs     (generation, collection, tree, layer, last key)   the partner's truth at the key, and its indexes
 *     groups    group                             what each transaction did to the grouped stores
 *     base      (generation, collection, id)      packed: the partner's truth
 *     overlay   (collection, id)                  grouped: what pending mutations make of the records that they touch; no others
 *     outbox    order                             grouped: mutations not accepted yet
 *     journal   order                             grouped: accepted, not yet known to survive a restore
 *     undo      step                              pre-images of the records changed between this kept step and the next
 *     salvage   (collection, id, version)         images that a rollback or resync took away
 *     refused   order                             grouped: refused mutations until the app has dealt with them
 *     stages    seq                               grouped: last known stage of mutations that are in no other store
 */
export interface Rows {
  readonly meta: MetaRow
  readonly base: BaseRow
  readonly packs: PackRow
  readonly groups: GroupRow
  readonly overlay: OverlayRow
  readonly outbox: OutboxRow
  readonly journal: JournalRow
  readonly undo: UndoRow
  readonly salvage: SalvageRow
  readonly refused: RefusedRow
  readonly stages: StagesRow
}

/** A name of a store of rows. */
export type StoreName = keyof Rows

/** Where each store's rows have their key. */
export const KEY_PATHS: { readonly [Name in StoreName]: string | readonly string[] } = {
  meta: 'key',
  base: ['generation', 'collection', 'id'],
  packs: ['generation', 'collection', 'tree', 'layer', 'last'],
  groups: 'group',
  overlay: ['collection', 'id'],
  outbox: 'order',
  journal: 'order',
  undo: 'step',
  salvage: ['collection', 'id', 'version'],
  refused: 'order',
  stages: 'seq',
}

/** The stores whose rows are kept in groups: what the app writes, and what became of it. */
export const GROUPED_NAMES = ['overlay', 'outbox', 'journal', 'refused', 'stages'] as const

/** Name of one of {@link GROUPED_NAMES}. */
export type GroupedName = (typeof GROUPED_NAMES)[number]

/** True for a store whose rows are kept in groups. */
export function isGrouped(store: StoreName): store is GroupedName {
  return (GROUPED_NAMES as readonly StoreName[]).includes(store)
}

/** The stores that a database has. */
export const STORE_NAMES: readonly StoreName[] = (Object.keys(KEY_PATHS) as StoreName[]).filter(
  (name) => !isGrouped(name),
)

/** A row of the store's own facts. */
type MetaRow = SyncRow | CheckpointsRow | ExchangesRow | SchemaRow | LayoutRow | WarmRow | InheritedRow | MovingRow

/** Rows of `meta` by key. */
export interface MetaRows {
  readonly sync: SyncRow
  readonly checkpoints: CheckpointsRow
  readonly exchanges: ExchangesRow
  readonly schema: SchemaRow
  readonly layout: LayoutRow
  readonly warm: WarmRow
  readonly inherited: InheritedRow
  readonly moving: MovingRow
}

/** Where the store is; its presence also marks the database as in use (a database without it was evicted or is new). */
export interface SyncRow {
  readonly key: 'sync'
  readonly app: string
  /** Address of the partner; null: there is none, or it is behind a port. */
  readonly endpoint: string | null
  readonly account: string
  readonly space: string
  /** When this database got its first row, milliseconds since 1970. Tells one from its successor. */
  readonly madeAtMs: number
  /** The newest schema version that opened the store: older code must not write. */
  readonly schemaVersion: number
  readonly replicaId: string
  /** Which base rows are read. */
  readonly generation: number
  readonly nextGeneration: number
  /** The partner's own id, as it said it last; null: it never did. */
  readonly partnerId: string | null
  readonly partnershipId: string | null
  readonly syncKey: SentKey
  readonly isSettled: boolean
  /** The collections that the key covers. */
  readonly collections: readonly string[]
  /** The collections that are loaded whole: those of the last settled key. */
  readonly settledCollections: readonly string[]
  readonly digest: Digest
  /** Local number of the present key; steps are never used again. */
  readonly step: number
  readonly nextStep: number
  /** Partnerships from which the present one was forked, oldest first. */
  readonly ancestors: readonly string[]
  readonly nextOrder: number
  readonly progress: Progress | null
  readonly lastSyncAtMs: number | null
  readonly evictedAtMs: number | null
  /** Why this database took another one's place; missing: it did not. */
  readonly recovery?: StorageRecovery
  /** Names of databases that this one took the place of, whose contents are in it, and that could not be deleted yet. */
  readonly carried?: readonly string[]
  /** True: another database took this one's place; nobody writes here any more. */
  readonly isMoved?: boolean
  /** With `isMoved`: it is taken over by the store of this name, of another address of the partner. */
  readonly movedTo?: string
  /** Of a database that was replaced: drawn by the first who read what it left. */
  readonly estateId?: string
  /** True once a settled key was stored: from then on what is written here may have been sent. */
  readonly wasSettled: boolean
  readonly memory: Memory
  readonly journalBytes: number
  readonly journalDropped: number
  /** How much time has passed for the journal; missing: no page has come yet. */
  readonly journalAge?: JournalAge
  /** Ids in `stages`, and the next row's number. */
  readonly stageIds: number
  readonly nextStageSeq: number
  /** True once the initiator was up to date after the last rollback or flip: what is in salvage then is left over. */
  readonly isSalvageListed: boolean
  readonly resync: ResyncState | null
  /** Generations that nobody reads any more; removed in short steps. */
  readonly oldGenerations: readonly OldGeneration[]
}

/** Time as the journal counts it: see ageJournal. */
export interface JournalAge {
  readonly hours: number
  /** The latest that the clock has said, in hours since 1970. */
  readonly atHour: number
}

/** A full resync under way: its pages go into a generation of their own. */
export interface ResyncState {
  readonly generation: number
  readonly partnershipId: string | null
  readonly syncKey: SentKey
  readonly collections: readonly string[]
  readonly digest: Digest
  readonly progress: Progress | null
  readonly reset: ResetKind
  readonly cause: ResyncCause
}

/** Base rows to remove; `isSalvaged`: first those that the new generation lacks go to salvage. */
export interface OldGeneration {
  readonly generation: number
  readonly isSalvaged: boolean
  /** Rows up to here have been looked at; null or missing: none. */
  readonly after?: RowKey | null
}

/** Steps that a rollback can restore, oldest first; their pre-images are in `undo`. */
interface CheckpointsRow {
  readonly key: 'checkpoints'
  readonly list: readonly KeptStep[]
}

/** A settled key that the store left. */
export interface KeptStep {
  readonly step: number
  readonly partnershipId: string
  readonly syncKey: SyncKey
  readonly collections: readonly string[]
  readonly digest: Digest
  /** Estimated bytes of its pre-images. */
  readonly bytes: number
}

/** The exchange log. */
interface ExchangesRow {
  readonly key: 'exchanges'
  readonly list: readonly ExchangeEntry[]
}

/** The schema that the indexes of base were made for, and how far they are being made. */
export interface SchemaRow {
  readonly key: 'schema'
  readonly shape: SchemaShape
  /** null: they are complete. */
  readonly rekeying: Rekeying | null
}

/** How far indexes are being made. */
export interface Rekeying {
  /** Rows of base up to here have their entries; null: none. */
  readonly after: RowKey | null
  /** The indexes that are made, as `collection/index`. */
  readonly indexes: readonly string[]
  /** The collections whose records get the fields of this version. */
  readonly grown: readonly string[]
}

/** Which layers each tree of packs has. */
export interface LayoutRow {
  readonly key: 'layout'
  readonly nextLayer: number
  /** Raised by each transaction that wrote packs. */
  readonly revision: number
  readonly trees: readonly TreeInfo[]
}

/** What was taken of databases that this one replaced. */
export interface InheritedRow {
  readonly key: 'inherited'
  readonly list: readonly InheritedEntry[]
}

/** What was taken of one replaced database, so that nothing of it is taken twice, whatever became of it here. */
export interface InheritedEntry {
  /** Name of the database, and its {@link SyncRow.estateId}; null: it could not be marked. */
  readonly name: string
  readonly estateId: string | null
  /** True: all that can be read of it was taken, and nobody writes there any more. Then the two lists are empty. */
  readonly isDone: boolean
  /** True: it left something that is in `groups` now. */
  readonly hasLeft: boolean
  /** Mutations and salvaged images that were taken while others could not be read yet. */
  readonly mutationIds: readonly string[]
  readonly salvage: readonly string[]
  /** Rows that could not be read when it was read last; null: nobody knows how many. */
  readonly unreadable: number | null
}

/** There while a store is copied to this database; see copy-store.ts. It has no first row yet. */
export interface MovingRow {
  readonly key: 'moving'
  /** Name of that store. */
  readonly from: string
}

/** Records that queries found last, once more; they count while the packs are in this state. */
export interface WarmRow {
  readonly key: 'warm'
  readonly state: string
  readonly records: readonly (readonly [key: RowKey, text: string])[]
}

/** Names a tree: the records of one collection in one generation (`tree` is empty), or one index of them. */
export interface TreeName {
  readonly generation: number
  readonly collection: string
  readonly tree: string
}

/** A tree of packs: sorted layers, oldest first; of two entries with one key the one in the newer layer counts. */
export interface TreeInfo extends TreeName {
  readonly layers: readonly LayerInfo[]
}

/** A sorted layer of entries. */
export interface LayerInfo {
  readonly layer: number
  /** About how many entries it has. */
  readonly entries: number
  /** No key lies outside of these. */
  readonly first: EntryKey
  readonly last: EntryKey
}

/** The key of an entry: [id] of a record, (part …, id) of an index. */
export type EntryKey = readonly RowKey[]

/** Entries of a layer that follow each other. */
export interface PackRow extends TreeName {
  readonly layer: number
  /** Its last key; the first may be any after the last one of the pack before. */
  readonly last: EntryKey
  /** JSON of all keys, ascending. */
  readonly keys: string
  /** For each key a line: the record's JSON, '' in an index; `-`: it was removed, which hides it in older layers. A list: of the second layout, null for `-`. */
  readonly texts: string | readonly (string | null)[]
}

/** What one transaction did to rows of the small stores. */
export interface GroupRow {
  /** Ascending, and never used again. */
  readonly group: number
  /** JSON of the changes. */
  readonly text: string
}

/** A record as the partner confirmed it. */
export interface BaseRow {
  readonly generation: number
  readonly collection: string
  readonly id: string
  readonly version: RecordVersion
  /** The mutation that made this version, own or a colleague's; null: unknown. */
  readonly mutationId: string | null
  readonly value: JsonObject
}

/** What pending mutations make of a record; null: it is not there. */
export interface OverlayRow {
  readonly collection: string
  readonly id: string
  readonly value: JsonObject | null
  /** The last pending mutation that touches the record. */
  readonly lastMutation: string
  /**
   * The version on which the last pending insert or put was made (null: none): it hides whatever the partner has confirmed since, so what
   * is made on this row is made on that version. Missing: nothing is hidden, the row shows the confirmed version as well.
   */
  readonly madeOn?: RecordVersion | null | undefined
  /** What an older database showed; see {@link OverlayImage}. Default: none. */
  readonly image?: OverlayImage | undefined
}

/** What a replaced database showed of a record. It is built on as long as the partner's copy has not come again. */
export interface OverlayImage {
  readonly value: JsonObject | null
  /** Mutations of orders below this one are in it. */
  readonly before: number
}

/** A mutation that waits for the partner. */
export interface OutboxRow {
  readonly order: number
  readonly mutationId: string
  /** Stays with it wherever it goes: to another database, partnership or place in the outbox. */
  readonly origin: MutationOrigin
  readonly createdAtMs: number
  readonly ops: readonly Op[]
  readonly written?: Written
  readonly bytes: number
  /** Why it is not sent; null: it is. */
  readonly setAside: 'undeliverable' | 'too-large' | null
  /** True: it came from an older database when newer writes may have been sent: it must not undo them. Default: false. */
  readonly isLate?: boolean
  readonly ix: readonly RowKey[]
}

/** An accepted mutation, kept until a restore cannot take it away any more. */
export interface JournalRow {
  readonly order: number
  readonly mutationId: string
  readonly origin: MutationOrigin
  readonly createdAtMs: number
  readonly ops: readonly Op[]
  readonly written?: Written
  readonly bytes: number
  /** As of the outbox. */
  readonly isLate?: boolean
  readonly acceptedAtMs: number
  /** Of the journal ({@link JournalAge}) when it was accepted, in hours. */
  readonly acceptedAge: number
  /** The page that brought the outcome. */
  readonly partnershipId: string
  readonly n: number
  /** Local number of that page's key. */
  readonly step: number
  readonly versions: readonly OutcomeVersion[]
  readonly ix: readonly RowKey[]
}

/** What a kept step needs to be restored from the next newer kept one. */
export interface UndoRow {
  readonly step: number
  readonly preImages: readonly PreImage[]
}

/** A record before it was changed: collection, id, then its version, mutation and value; null: it was not there. */
export type PreImage = readonly [
  collection: string,
  id: string,
  before: { readonly version: RecordVersion; readonly mutationId: string | null; readonly value: JsonObject } | null,
]

/** An image that was taken away. */
export interface SalvageRow {
  readonly collection: string
  readonly id: string
  readonly version: RecordVersion
  readonly value: JsonObject
  readonly salvagedAtMs: number
}

/** A mutation that the partner refused. */
export interface RefusedRow {
  readonly order: number
  readonly mutationId: string
  readonly refusedAtMs: number
  readonly type: 'refused' | 'conflict'
  readonly code: RefusalCode | 'access-ended'
  readonly message: string
  readonly path: string
  readonly ops: readonly Op[]
  readonly written?: Written
  /** True: it was accepted before access ended. Default: false. */
  readonly wasAccepted?: boolean
  readonly ix: readonly RowKey[]
}

/** The last stage of mutations that are stored nowhere else. */
export interface StagesRow {
  readonly seq: number
  readonly stage: 'durable' | 'dropped' | 'lost' | 'discarded'
  readonly mutationIds: readonly string[]
  readonly ix: readonly RowKey[]
}
