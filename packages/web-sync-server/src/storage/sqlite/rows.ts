import type { SQLOutputValue } from 'node:sqlite'
import type { Digest } from 'web-sync-protocol'
import {
  type AwaitingDelete,
  type CheckpointRow,
  type CheckpointStub,
  type CollectionState,
  type LogRow,
  type LogStub,
  type ForgottenRow,
  type OutcomeRow,
  type PartnershipRow,
  type PrunedOutcome,
  type RecordRow,
  type RequestRow,
  readIds,
} from '../../contract/index.ts'

/** A row as SQLite gives it. Our tables are STRICT: a column's type is what its table says. */
export type SqlRow = Record<string, SQLOutputValue>

/** A row of `records`. */
export function toRecord(row: SqlRow): RecordRow {
  return {
    collection: row['collection'] as string,
    id: row['id'] as string,
    version: row['version'] as string,
    mutationId: row['mutation_id'] as string | null,
    unseen: row['unseen'] as string | null,
    priorMutations: readIds(row['prior_mutations'] as string | null),
    value: row['value'] as string,
  }
}

/** A row of `awaiting_deletes`. */
export function toAwaiting(row: SqlRow): AwaitingDelete {
  return {
    collection: row['collection'] as string,
    id: row['id'] as string,
    mutationId: row['mutation_id'] as string,
    base: row['base'] as string | null,
    account: row['account'] as string,
  }
}

/** A row of `log`. */
export function toLog(row: SqlRow): LogRow {
  return {
    number: row['number'] as number,
    txEnd: row['tx_end'] as number,
    collection: row['collection'] as string,
    id: row['id'] as string,
    version: row['version'] as string,
    previousVersion: row['previous_version'] as string | null,
    mutationId: row['mutation_id'] as string | null,
    unseen: row['unseen'] as string | null,
    value: row['value'] as string | null,
    atMs: row['at_ms'] as number,
  }
}

/** A row of `log` without its value. */
export function toLogStub(row: SqlRow): LogStub {
  return {
    number: row['number'] as number,
    version: row['version'] as string,
    previousVersion: row['previous_version'] as string | null,
    mutationId: row['mutation_id'] as string | null,
  }
}

/** A row of `partnerships`. */
export function toPartnership(row: SqlRow): PartnershipRow {
  return {
    partnershipId: row['partnership_id'] as string,
    account: row['account'] as string,
    replicaId: row['replica_id'] as string,
    isProvisional: row['is_provisional'] === 1,
    createdAtMs: row['created_at_ms'] as number,
    lastSeenAtMs: row['last_seen_at_ms'] as number,
  }
}

/** A row of `checkpoints`. */
export function toCheckpoint(row: SqlRow): CheckpointRow {
  return {
    ...toStub(row),
    partnershipId: row['partnership_id'] as string,
    cut: row['cut'] as number,
    collections: JSON.parse(row['collections'] as string) as Record<string, CollectionState>,
    settleAt: row['settle_at'] as number | null,
    isSettled: row['is_settled'] === 1,
    digest: row['digest'] === null ? null : (JSON.parse(row['digest'] as string) as Digest),
    sent: row['sent'] as number,
    requestId: row['request_id'] as string,
    createdAtMs: row['created_at_ms'] as number,
  }
}

/** The few columns of `checkpoints` that say how it lies to others. */
export function toStub(row: SqlRow): CheckpointStub {
  return {
    n: row['n'] as number,
    tag: row['tag'] as string,
    parentTag: row['parent_tag'] as string | null,
    isPresented: row['is_presented'] === 1,
  }
}

/** A row of `requests`. */
export function toRequest(row: SqlRow): RequestRow {
  return {
    requestId: row['request_id'] as string,
    issued: {
      partnershipId: row['issued_partnership_id'] as string,
      n: row['issued_n'] as number,
      tag: row['issued_tag'] as string,
    },
  }
}

/** A row of `outcomes`. */
export function toOutcome(row: SqlRow): OutcomeRow {
  return {
    mutationId: row['mutation_id'] as string,
    contentHash: row['content_hash'] as string,
    outcome: row['outcome'] as string,
    lastNumber: row['last_number'] as number | null,
    partnershipId: row['partnership_id'] as string | null,
    n: row['n'] as number,
    requestId: row['request_id'] as string,
    ...toPruned(row),
    atMs: row['at_ms'] as number,
  }
}

/** What is kept of a row of `outcomes`. */
export function toPruned(row: SqlRow): PrunedOutcome {
  return {
    account: row['account'] as string,
    originId: row['origin_id'] as string,
    originNumber: row['origin_number'] as number,
  }
}

/** A row of `forgotten`. */
export function toForgotten(row: SqlRow): ForgottenRow {
  return {
    account: row['account'] as string,
    originId: row['origin_id'] as string,
    numbers: row['numbers'] as string,
  }
}
