import type { Digest } from 'web-sync-protocol'
import {
  type AwaitingDelete,
  type CheckpointRow,
  type CheckpointStub,
  EMPTY_SPACE,
  type LogBound,
  type LogRow,
  type LogStub,
  type ForgottenRow,
  type OutcomeRow,
  type PartnershipRow,
  type ReadBound,
  type RecordRow,
  type RequestRow,
  type SpaceRow,
  type StorageReader,
} from '../../contract/index.ts'
import {
  type SqlRow,
  toAwaiting,
  toCheckpoint,
  toLog,
  toLogStub,
  toForgotten,
  toOutcome,
  toPartnership,
  toRecord,
  toRequest,
  toStub,
} from './rows.ts'
import type { Statements } from './statements.ts'

const STUB = 'n, tag, parent_tag, is_presented'

/** Reads one space. All answers are there at once; the contract's promises cost a microtask. */
export class SqliteReader implements StorageReader {
  protected readonly space: string
  protected readonly statements: Statements

  constructor(statements: Statements, space: string) {
    this.statements = statements
    this.space = space
  }

  async getSpace(): Promise<SpaceRow> {
    const row = this.get('SELECT * FROM spaces WHERE space = ?')
    const isSighted = this.get('SELECT 1 AS one FROM sightings WHERE space = ?') !== undefined
    if (row === undefined) return isSighted ? { ...EMPTY_SPACE, isRestoreSeen: true } : EMPTY_SPACE
    return {
      head: row['head'] as number,
      floor: row['floor'] as number,
      durableHead: row['durable_head'] as number,
      digest: JSON.parse(row['digest'] as string) as Digest,
      isRestoreSeen: isSighted || row['restored_at_ms'] !== null,
    }
  }

  async getRecord(collection: string, id: string): Promise<RecordRow | null> {
    const row = this.get('SELECT * FROM records WHERE space = ? AND collection = ? AND id = ?', collection, id)
    return row === undefined ? null : toRecord(row)
  }

  async listRecords(collection: string, afterId: string | null, bound: ReadBound): Promise<readonly RecordRow[]> {
    // Ids have at least one character, so all of them come after ''.
    const sql = `SELECT *, octet_length(value) AS bytes FROM records WHERE space = ? AND collection = ? AND id > ?
      ORDER BY id LIMIT ?`
    return this.#allWithin(bound.bytes, sql, collection, afterId ?? '', bound.rows).map(toRecord)
  }

  async listLog(after: number, upTo: number, bound: LogBound): Promise<readonly LogRow[]> {
    const { collections } = bound
    const sql = `SELECT *, octet_length(value) AS bytes FROM (
      SELECT number, tx_end, collection, id, version, previous_version, mutation_id, unseen, at_ms,
        iif(?2 IS NULL OR collection IN (SELECT name.value FROM json_each(?2) AS name), value, NULL) AS value
      FROM log WHERE space = ?1 AND number > ?3 AND number <= ?4 ORDER BY number LIMIT ?5)`
    const names = collections === undefined ? null : JSON.stringify(collections)
    return this.#allWithin(bound.bytes, sql, names, after, upTo, bound.rows).map(toLog)
  }

  async getLogStub(number: number): Promise<LogStub | null> {
    const sql = 'SELECT number, version, previous_version, mutation_id FROM log WHERE space = ? AND number = ?'
    const row = this.get(sql, number)
    return row === undefined ? null : toLogStub(row)
  }

  async getPartnership(account: string, partnershipId: string): Promise<PartnershipRow | null> {
    const sql = 'SELECT * FROM partnerships WHERE space = ? AND partnership_id = ? AND account = ?'
    const row = this.get(sql, partnershipId, account)
    return row === undefined ? null : toPartnership(row)
  }

  async listPartnerships(account: string | null): Promise<readonly PartnershipRow[]> {
    const order = 'ORDER BY last_seen_at_ms, partnership_id'
    const rows =
      account === null
        ? this.all(`SELECT * FROM partnerships WHERE space = ? ${order}`)
        : this.all(`SELECT * FROM partnerships WHERE space = ? AND account = ? ${order}`, account)
    return rows.map(toPartnership)
  }

  async getCheckpoint(partnershipId: string, n: number, tag: string): Promise<CheckpointRow | null> {
    const sql = 'SELECT * FROM checkpoints WHERE space = ? AND partnership_id = ? AND n = ? AND tag = ?'
    const row = this.get(sql, partnershipId, n, tag)
    return row === undefined ? null : toCheckpoint(row)
  }

  async listCheckpoints(partnershipId: string): Promise<readonly CheckpointRow[]> {
    const sql = 'SELECT * FROM checkpoints WHERE space = ? AND partnership_id = ? ORDER BY n, issue_order'
    return this.all(sql, partnershipId).map(toCheckpoint)
  }

  async listChildren(partnershipId: string, n: number, tag: string): Promise<readonly CheckpointStub[]> {
    const sql = `SELECT ${STUB} FROM checkpoints WHERE space = ? AND partnership_id = ? AND n = ? AND parent_tag = ?
      ORDER BY issue_order`
    return this.all(sql, partnershipId, n + 1, tag).map(toStub)
  }

  async getNewestPresented(partnershipId: string): Promise<CheckpointStub | null> {
    const sql = `SELECT ${STUB} FROM checkpoints WHERE space = ? AND partnership_id = ? AND is_presented = 1
      ORDER BY n DESC LIMIT 1`
    const row = this.get(sql, partnershipId)
    return row === undefined ? null : toStub(row)
  }

  async getOldestKept(partnershipId: string): Promise<number | null> {
    const row = this.get('SELECT min(n) AS n FROM checkpoints WHERE space = ? AND partnership_id = ?', partnershipId)
    return (row?.['n'] ?? null) as number | null
  }

  async getNewestIssued(partnershipId: string): Promise<{ readonly n: number; readonly tag: string } | null> {
    const sql = `SELECT n, tag FROM checkpoints WHERE space = ? AND partnership_id = ?
      ORDER BY n DESC, issue_order DESC LIMIT 1`
    const row = this.get(sql, partnershipId)
    return row === undefined ? null : { n: row['n'] as number, tag: row['tag'] as string }
  }

  async getDurable(partnershipId: string, durableHead: number): Promise<number> {
    const sql = `SELECT max(n) AS n FROM checkpoints WHERE space = ? AND partnership_id = ? AND is_presented = 1
      AND cut <= ?`
    return (this.get(sql, partnershipId, durableHead)?.['n'] ?? 0) as number
  }

  async getRequest(partnershipId: string, requestId: string): Promise<RequestRow | null> {
    const sql = 'SELECT * FROM requests WHERE space = ? AND partnership_id = ? AND request_id = ?'
    const row = this.get(sql, partnershipId, requestId)
    return row === undefined ? null : toRequest(row)
  }

  async getOutcome(account: string, mutationId: string): Promise<OutcomeRow | null> {
    const sql = 'SELECT * FROM outcomes WHERE space = ? AND account = ? AND mutation_id = ?'
    const row = this.get(sql, account, mutationId)
    return row === undefined ? null : toOutcome(row)
  }

  async getForgotten(account: string, originId: string): Promise<ForgottenRow | null> {
    const sql = 'SELECT * FROM forgotten WHERE space = ? AND account = ? AND origin_id = ?'
    const row = this.get(sql, account, originId)
    return row === undefined ? null : toForgotten(row)
  }

  async listAwaitingDeletes(collection: string, id: string): Promise<readonly AwaitingDelete[]> {
    const sql = `SELECT * FROM awaiting_deletes WHERE space = ? AND collection = ? AND id = ?
      ORDER BY mutation_id, account`
    return this.all(sql, collection, id).map(toAwaiting)
  }

  /** One row of this space: its name is always bound first. */
  protected get(sql: string, ...values: readonly (string | number | null)[]): SqlRow | undefined {
    return this.statements.of(sql).get(this.space, ...values)
  }

  /** Rows of this space. */
  protected all(sql: string, ...values: readonly (string | number | null)[]): SqlRow[] {
    return this.statements.of(sql).all(this.space, ...values)
  }

  /** Rows of this space up to the last whose column `bytes` still fits; the first one in any case. No further row is read than the next. */
  #allWithin(maxBytes: number, sql: string, ...values: readonly (string | number | null)[]): SqlRow[] {
    const rows: SqlRow[] = []
    let bytes = 0
    for (const row of this.statements.of(sql).iterate(this.space, ...values)) {
      bytes += (row['bytes'] ?? 0) as number
      if (rows.length > 0 && bytes > maxBytes) break
      rows.push(row)
    }
    return rows
  }

  /** Writes in this space; returns how many rows it changed. */
  protected run(sql: string, ...values: readonly (string | number | null)[]): number {
    return Number(this.statements.of(sql).run(this.space, ...values).changes)
  }
}
