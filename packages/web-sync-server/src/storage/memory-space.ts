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
import { type AbortActions, TransactionalMap } from './transactional-map.ts'

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
  readonly abortActions: AbortActions = []
  readonly rows: TransactionalMap<'space', SpaceRow> = new TransactionalMap(this.abortActions)
  readonly records: Map<string, MemoryRecords> = new Map()
  readonly log: TransactionalMap<number, LogRow> = new TransactionalMap(this.abortActions)
  readonly partnerships: TransactionalMap<string, PartnershipRow> = new TransactionalMap(this.abortActions)
  /** By partnership; each list in order of issue. */
  readonly checkpoints: TransactionalMap<string, readonly CheckpointRow[]> = new TransactionalMap(this.abortActions)
  /** By partnership, oldest first. */
  readonly requests: TransactionalMap<string, readonly RequestRow[]> = new TransactionalMap(this.abortActions)
  readonly outcomes: TransactionalMap<string, MemoryOutcome> = new TransactionalMap(this.abortActions)
  /** By account and origin. */
  readonly forgotten: TransactionalMap<string, ForgottenRow> = new TransactionalMap(this.abortActions)
  /** By collection and id. */
  readonly awaitingDeletes: TransactionalMap<string, readonly MemoryAwaitingDelete[]> = new TransactionalMap(
    this.abortActions,
  )

  getRow(): SpaceRow {
    return this.rows.get('space') ?? EMPTY_SPACE
  }

  recordsOf(collection: string): MemoryRecords {
    let records = this.records.get(collection)
    if (records === undefined) {
      records = new MemoryRecords(this.abortActions)
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
    for (const act of this.abortActions.toReversed()) act()
    this.abortActions.length = 0
  }

  /** Keeps all that was written. */
  commit(): void {
    this.abortActions.length = 0
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
