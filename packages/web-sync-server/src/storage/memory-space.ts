import type {
  AwaitingDelete,
  CheckpointRow,
  ForgottenRow,
  LogRow,
  OutcomeRow,
  PartnershipRow,
  RequestRow,
  SpaceRow,
} from '../contract/index.ts'
import { EMPTY_SPACE } from '../contract/index.ts'
import { MemoryRecords } from './memory-records.ts'
import { type UndoLog, UndoMap } from './undo-map.ts'

/** An outcome with the time at which its key was presented. */
export interface MemoryOutcome extends OutcomeRow {
  readonly confirmedAtMs: number | null
}

/** A waiting deletion with the time at which it came. */
export interface MemoryAwaitingDelete extends AwaitingDelete {
  readonly atMs: number
}

/** Everything that is stored of one space. */
export class MemorySpace {
  readonly undo: UndoLog = []
  readonly rows: UndoMap<'space', SpaceRow> = new UndoMap(this.undo)
  readonly records: Map<string, MemoryRecords> = new Map()
  readonly log: UndoMap<number, LogRow> = new UndoMap(this.undo)
  readonly partnerships: UndoMap<string, PartnershipRow> = new UndoMap(this.undo)
  /** By partnership; each list in order of issue. */
  readonly checkpoints: UndoMap<string, readonly CheckpointRow[]> = new UndoMap(this.undo)
  /** By partnership, oldest first. */
  readonly requests: UndoMap<string, readonly RequestRow[]> = new UndoMap(this.undo)
  readonly outcomes: UndoMap<string, MemoryOutcome> = new UndoMap(this.undo)
  /** By account and origin. */
  readonly forgotten: UndoMap<string, ForgottenRow> = new UndoMap(this.undo)
  /** By collection and id. */
  readonly awaitingDeletes: UndoMap<string, readonly MemoryAwaitingDelete[]> = new UndoMap(this.undo)

  getRow(): SpaceRow {
    return this.rows.get('space') ?? EMPTY_SPACE
  }

  recordsOf(collection: string): MemoryRecords {
    let records = this.records.get(collection)
    if (records === undefined) {
      records = new MemoryRecords(this.undo)
      this.records.set(collection, records)
    }
    return records
  }

  /** The same rows in a space of its own. */
  copy(): MemorySpace {
    const copy = new MemorySpace()
    copy.rows.copyFrom(this.rows)
    for (const [collection, records] of this.records) copy.recordsOf(collection).copyFrom(records)
    copy.log.copyFrom(this.log)
    copy.partnerships.copyFrom(this.partnerships)
    copy.checkpoints.copyFrom(this.checkpoints)
    copy.requests.copyFrom(this.requests)
    copy.outcomes.copyFrom(this.outcomes)
    copy.forgotten.copyFrom(this.forgotten)
    copy.awaitingDeletes.copyFrom(this.awaitingDeletes)
    return copy
  }

  /** Keeps just these waiting deletions of a record. */
  setAwaiting(collection: string, id: string, rows: readonly MemoryAwaitingDelete[]): void {
    const key = recordKey(collection, id)
    if (rows.length === 0) this.awaitingDeletes.delete(key)
    else this.awaitingDeletes.set(key, rows)
  }

  /** Keeps only those waiting deletions that fit. */
  filterAwaiting(isKept: (row: MemoryAwaitingDelete) => boolean): void {
    for (const rows of this.awaitingDeletes.values()) {
      const [first] = rows
      const kept = rows.filter(isKept)
      if (first !== undefined && kept.length < rows.length) this.setAwaiting(first.collection, first.id, kept)
    }
  }

  /** True if nothing was ever stored. */
  isEmpty(): boolean {
    const { rows, partnerships, outcomes, forgotten, awaitingDeletes } = this
    return !rows.has('space') && partnerships.size + outcomes.size + forgotten.size + awaitingDeletes.size === 0
  }

  /** Takes back all that was written since the last commit. */
  rollBack(): void {
    for (const undo of this.undo.toReversed()) undo()
    this.undo.length = 0
  }

  /** Keeps all that was written. */
  commit(): void {
    this.undo.length = 0
  }
}

/** Key of a record's waiting deletions; a collection's name has no U+0000. */
export function recordKey(collection: string, id: string): string {
  return `${collection}\u0000${id}`
}

/** Key of what an account has brought, by its own id; an account name has no U+0000. */
export function accountKey(account: string, id: string): string {
  return `${account}\u0000${id}`
}
