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
  PartnerError,
  type PartnershipRow,
  type ReadBound,
  type RecordRow,
  type RequestRow,
  type SpaceRow,
  type StorageReader,
} from '../../contract/index.ts'
import { boundedLog, boundedRecords } from './bounded-rows.ts'
import type { Horizon, Top } from './horizon.ts'
import {
  toAwaiting,
  toCheckpoint,
  toForgotten,
  toLog,
  toLogStub,
  toOutcome,
  toPartnership,
  toRecord,
  toRequest,
  toStub,
} from './rows.ts'
import type { Session, SqlRow, SqlValue } from './session.ts'

const STUB = 'n, tag, parent_tag, is_presented'
const RECORDS = boundedRecords({
  rows: 'SELECT * FROM web_sync.records WHERE space = $1 AND collection = $2 AND id > $3 ORDER BY id LIMIT $4',
  bytes: '$5',
})
const LOG = boundedLog({
  rows: `SELECT number, tx_end, collection, id, version, previous_version, mutation_id, unseen, at_ms,
      CASE WHEN $6::text[] IS NULL OR collection = ANY ($6) THEN value END AS value
    FROM web_sync.log WHERE space = $1 AND number > $2 AND number <= $3 ORDER BY number LIMIT $4`,
  bytes: '$5',
})
const SIGHTED = 'EXISTS (SELECT 1 FROM web_sync.sightings WHERE space = $1) AS is_sighted'

/** Where a reader learns what standbys have. */
export interface DurableSource {
  readonly horizon: Pick<Horizon, 'durableOf'>
  /** True if a confirmed backup must have it as well. */
  readonly needsBackup: boolean
}

/** Reads one space. */
export class PostgresReader implements StorageReader {
  readonly space: string
  protected readonly session: Session
  /** The log's floor as this transaction has seen it first; null: not yet. */
  protected floor: number | null = null
  /** Null: confirmed backups alone say what is durable. */
  readonly #durable: DurableSource | null
  #top: Top | null = null
  #epoch = ''

  constructor(session: Session, space: string, durable: DurableSource | null) {
    this.session = session
    this.space = space
    this.#durable = durable
  }

  /** The newest change that this transaction has seen or made; null: none, or nobody wants to know. */
  get top(): Top | null {
    return this.#top
  }

  /** Names the server, since its last start, on which {@link top} was seen; '' if there is none. */
  get epoch(): string {
    return this.#epoch
  }

  protected see(top: Top): void {
    if (this.#durable !== null) this.#top = top
  }

  async getSpace(): Promise<SpaceRow> {
    const space = await this.findSpace('')
    if (space !== null) return space
    const isRestoreSeen = (await this.get(`SELECT ${SIGHTED}`))?.['is_sighted'] === true
    return isRestoreSeen ? { ...EMPTY_SPACE, isRestoreSeen } : EMPTY_SPACE
  }

  async getRecord(collection: string, id: string): Promise<RecordRow | null> {
    const sql = 'SELECT * FROM web_sync.records WHERE space = $1 AND collection = $2 AND id = $3'
    const row = await this.get(sql, collection, id)
    return row === undefined ? null : toRecord(row)
  }

  async listRecords(collection: string, afterId: string | null, bound: ReadBound): Promise<readonly RecordRow[]> {
    // Ids have at least one character, so all of them come after ''.
    return (await this.all(RECORDS, collection, afterId ?? '', bound.rows, bound.bytes)).map(toRecord)
  }

  async listLog(after: number, upTo: number, bound: LogBound): Promise<readonly LogRow[]> {
    const values = [after, upTo, bound.rows, bound.bytes, bound.collections ?? null]
    const rows = (await this.all(LOG, ...values)).map(toLog)
    if (upTo > after && rows[0]?.number !== after + 1) await this.#assertNotPruned(after)
    return rows
  }

  async getLogStub(number: number): Promise<LogStub | null> {
    const sql = `SELECT number, version, previous_version, mutation_id FROM web_sync.log WHERE space = $1 AND number = $2`
    const row = await this.get(sql, number)
    if (row !== undefined) return toLogStub(row)
    await this.#assertNotPruned(number - 1)
    return null
  }

  /** READ COMMITTED: rows may have been pruned since this transaction looked at the floor. Leaving them out would lose changes. */
  async #assertNotPruned(after: number): Promise<void> {
    const seen = this.floor
    const floor = (await this.findSpace(''))?.floor ?? 0
    if (seen === null || floor <= seen || after >= floor) return
    throw new PartnerError('busy', 'the log was pruned meanwhile: nothing was stored, try again')
  }

  async getPartnership(account: string, partnershipId: string): Promise<PartnershipRow | null> {
    const sql = 'SELECT * FROM web_sync.partnerships WHERE space = $1 AND partnership_id = $2 AND account = $3'
    const row = await this.get(sql, partnershipId, account)
    return row === undefined ? null : toPartnership(row)
  }

  async listPartnerships(account: string | null): Promise<readonly PartnershipRow[]> {
    const sql = `SELECT * FROM web_sync.partnerships WHERE space = $1 AND ($2::text IS NULL OR account = $2)
      ORDER BY last_seen_at_ms, partnership_id`
    return (await this.all(sql, account)).map(toPartnership)
  }

  async getCheckpoint(partnershipId: string, n: number, tag: string): Promise<CheckpointRow | null> {
    const sql = 'SELECT * FROM web_sync.checkpoints WHERE space = $1 AND partnership_id = $2 AND n = $3 AND tag = $4'
    const row = await this.get(sql, partnershipId, n, tag)
    return row === undefined ? null : toCheckpoint(row)
  }

  async listCheckpoints(partnershipId: string): Promise<readonly CheckpointRow[]> {
    const sql = 'SELECT * FROM web_sync.checkpoints WHERE space = $1 AND partnership_id = $2 ORDER BY n, issue_order'
    return (await this.all(sql, partnershipId)).map(toCheckpoint)
  }

  async listChildren(partnershipId: string, n: number, tag: string): Promise<readonly CheckpointStub[]> {
    const sql = `SELECT ${STUB} FROM web_sync.checkpoints
      WHERE space = $1 AND partnership_id = $2 AND n = $3 AND parent_tag = $4 ORDER BY issue_order`
    return (await this.all(sql, partnershipId, n + 1, tag)).map(toStub)
  }

  async getNewestPresented(partnershipId: string): Promise<CheckpointStub | null> {
    const sql = `SELECT ${STUB} FROM web_sync.checkpoints WHERE space = $1 AND partnership_id = $2 AND is_presented
      ORDER BY n DESC LIMIT 1`
    const row = await this.get(sql, partnershipId)
    return row === undefined ? null : toStub(row)
  }

  async getOldestKept(partnershipId: string): Promise<number | null> {
    const sql = 'SELECT min(n) AS n FROM web_sync.checkpoints WHERE space = $1 AND partnership_id = $2'
    return ((await this.get(sql, partnershipId))?.['n'] ?? null) as number | null
  }

  async getNewestIssued(partnershipId: string): Promise<{ readonly n: number; readonly tag: string } | null> {
    const sql = `SELECT n, tag FROM web_sync.checkpoints WHERE space = $1 AND partnership_id = $2
      ORDER BY n DESC, issue_order DESC LIMIT 1`
    const row = await this.get(sql, partnershipId)
    return row === undefined ? null : { n: row['n'] as number, tag: row['tag'] as string }
  }

  async getDurable(partnershipId: string, durableHead: number): Promise<number> {
    const sql = `SELECT max(n) AS n FROM web_sync.checkpoints
      WHERE space = $1 AND partnership_id = $2 AND is_presented AND cut <= $3`
    return ((await this.get(sql, partnershipId, durableHead))?.['n'] ?? 0) as number
  }

  async getRequest(partnershipId: string, requestId: string): Promise<RequestRow | null> {
    const sql = 'SELECT * FROM web_sync.requests WHERE space = $1 AND partnership_id = $2 AND request_id = $3'
    const row = await this.get(sql, partnershipId, requestId)
    return row === undefined ? null : toRequest(row)
  }

  async getOutcome(account: string, mutationId: string): Promise<OutcomeRow | null> {
    const sql = 'SELECT * FROM web_sync.outcomes WHERE space = $1 AND account = $2 AND mutation_id = $3'
    const row = await this.get(sql, account, mutationId)
    return row === undefined ? null : toOutcome(row)
  }

  async getForgotten(account: string, originId: string): Promise<ForgottenRow | null> {
    const sql = 'SELECT * FROM web_sync.forgotten WHERE space = $1 AND account = $2 AND origin_id = $3'
    const row = await this.get(sql, account, originId)
    return row === undefined ? null : toForgotten(row)
  }

  async listAwaitingDeletes(collection: string, id: string): Promise<readonly AwaitingDelete[]> {
    const sql = `SELECT * FROM web_sync.awaiting_deletes WHERE space = $1 AND collection = $2 AND id = $3
      ORDER BY mutation_id, account`
    return (await this.all(sql, collection, id)).map(toAwaiting)
  }

  /** The head row, with the lock clause of a SELECT or none; null: the space was never written. */
  protected async findSpace(lock: '' | 'FOR UPDATE'): Promise<SpaceRow | null> {
    const row = await (this.#durable === null
      ? this.get(`SELECT *, ${SIGHTED} FROM web_sync.spaces WHERE space = $1 ${lock}`)
      : this.#findWithHorizon(this.#durable, lock))
    this.floor ??= (row?.['floor'] ?? 0) as number
    return row === undefined ? null : toSpace(row)
  }

  /** As {@link findSpace}, with the horizon that standbys give. What they had is durable only if it is this history's change. */
  async #findWithHorizon(durable: DurableSource, lock: string): Promise<SqlRow | undefined> {
    const known = durable.horizon.durableOf(this.space)
    const row = await this.get(
      `SELECT *, ${SIGHTED}, extract(epoch FROM pg_postmaster_start_time())::text AS epoch,
         (SELECT version FROM web_sync.log WHERE log.space = $1 AND number = head) AS top,
         EXISTS (SELECT 1 FROM web_sync.log WHERE log.space = $1 AND number = $2 AND version = $3) AS is_known
       FROM web_sync.spaces WHERE space = $1 ${lock}`,
      known?.head ?? 0,
      known?.version ?? '',
    )
    if (row === undefined) return undefined
    this.#epoch = row['epoch'] as string
    if (row['top'] !== null) this.see({ head: row['head'] as number, version: row['top'] as string })
    const isKnown = known !== null && known.epoch === this.#epoch && row['is_known'] === true
    const flushed = isKnown ? known.head : 0
    const confirmed = row['durable_head'] as number
    return { ...row, durable_head: durable.needsBackup ? Math.min(flushed, confirmed) : flushed }
  }

  /** One row of this space: its name is always bound first. */
  protected async get(sql: string, ...values: readonly SqlValue[]): Promise<SqlRow | undefined> {
    return (await this.all(sql, ...values))[0]
  }

  /** Rows of this space. */
  protected all(sql: string, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return this.session.query(sql, [this.space, ...values])
  }

  /** Writes in this space; returns how many rows it changed. */
  protected run(sql: string, ...values: readonly SqlValue[]): Promise<number> {
    return this.session.run(sql, [this.space, ...values])
  }
}

function toSpace(row: SqlRow): SpaceRow {
  return {
    head: row['head'] as number,
    floor: row['floor'] as number,
    durableHead: row['durable_head'] as number,
    digest: JSON.parse(row['digest'] as string) as Digest,
    isRestoreSeen: row['is_sighted'] === true || row['restored_at_ms'] !== null,
  }
}
