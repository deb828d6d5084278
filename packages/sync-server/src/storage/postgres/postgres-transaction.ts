import type { Digest } from 'sync-protocol'
import {
  type AwaitingDelete,
  type CheckpointRow,
  type CheckpointStub,
  type CommitNotice,
  EMPTY_SPACE,
  type LogRow,
  type OutcomeRow,
  type PartnershipRow,
  type RecordRow,
  type RequestRow,
  type SpaceRow,
  type StorageTransaction,
} from '../../contract/index.ts'
import { type Announcer, CHANNEL } from './announcer.ts'
import { appendChanges } from './append-changes.ts'
import { type DurableSource, PostgresReader } from './postgres-reader.ts'
import { toRecord, toStub } from './rows.ts'
import type { Session } from './session.ts'

/** Reads and writes one space. */
export class PostgresTransaction extends PostgresReader implements StorageTransaction {
  readonly #announcer: Announcer
  /** True once nobody else can make a record in this space. */
  #isMaker = false
  #untold: CommitNotice | null = null

  constructor(session: Session, space: string, durable: DurableSource | null, announcer: Announcer) {
    super(session, space, durable)
    this.#announcer = announcer
  }

  /** What is to be told after the commit, since it was not told with it. */
  get untold(): CommitNotice | null {
    return this.#untold
  }

  async announce(partnershipId: string | null): Promise<void> {
    const notice = { space: this.space, partnershipId }
    const payload = this.#announcer.claim(notice)
    if (payload === null) this.#untold = notice
    else await this.session.run('SELECT pg_notify($1, $2)', [CHANNEL, payload])
  }

  /**
   * An advisory lock: a row lock would be a write, and make each idle exchange wait for the disk. It ends with the transaction, so it
   * works behind pgbouncer too. The row is read by a statement of its own, which sees what the lock's last holder committed.
   */
  async lockPartnership(account: string, partnershipId: string): Promise<PartnershipRow | null> {
    await this.#lockPartnershipName(partnershipId)
    return this.getPartnership(account, partnershipId)
  }

  async #lockPartnershipName(partnershipId: string): Promise<void> {
    await this.run(`SELECT pg_advisory_xact_lock(hashtextextended($1::text || '/' || $2::text, 1))`, partnershipId)
  }

  /**
   * The record's row lock. What is not there has no row to lock: its makers hold one lock for the whole space, since they would wait for
   * each other at the head anyway, and a lock for each name would run out of room in a large import.
   */
  async lockRecord(collection: string, id: string): Promise<RecordRow | null> {
    const row = await this.#lockRow(collection, id)
    if (row !== null || this.#isMaker) return row
    await this.run('SELECT pg_advisory_xact_lock(hashtextextended($1::text, 2))')
    this.#isMaker = true
    return this.#lockRow(collection, id)
  }

  async #lockRow(collection: string, id: string): Promise<RecordRow | null> {
    const sql = 'SELECT * FROM web_sync.records WHERE space = $1 AND collection = $2 AND id = $3 FOR UPDATE'
    const row = await this.get(sql, collection, id)
    return row === undefined ? null : toRecord(row)
  }

  /** The head's row lock; a space that was never written gets its row first. */
  async lockSpace(): Promise<SpaceRow> {
    const space = await this.findSpace('FOR UPDATE')
    if (space !== null) return space
    await this.run(
      `INSERT INTO web_sync.spaces (space, head, floor, durable_head, digest) VALUES ($1, 0, 0, 0, $2)
       ON CONFLICT (space) DO NOTHING`,
      JSON.stringify(EMPTY_SPACE.digest),
    )
    // Whoever made the row meanwhile has committed, or the INSERT would still wait for it.
    return (await this.findSpace('FOR UPDATE')) ?? EMPTY_SPACE
  }

  async appendChanges(changes: readonly LogRow[], digest: Digest): Promise<void> {
    let { head } = await this.lockSpace()
    for (const change of changes) {
      if (change.number !== head + 1) throw new RangeError(`change ${change.number} does not follow ${head}`)
      head = change.number
    }
    await appendChanges(this.session, this.space, changes)
    await this.run('UPDATE web_sync.spaces SET head = $2, digest = $3 WHERE space = $1', head, JSON.stringify(digest))
    const last = changes.at(-1)
    if (last !== undefined) this.see({ head, version: last.version })
  }

  async noteRestoreSeen(atMs: number): Promise<void> {
    const sql =
      'INSERT INTO web_sync.sightings (space, restore_seen_at_ms) VALUES ($1, $2) ON CONFLICT (space) DO NOTHING'
    await this.run(sql, atMs)
  }

  async putAwaitingDelete(awaiting: AwaitingDelete, atMs: number): Promise<void> {
    await this.run(
      `INSERT INTO web_sync.awaiting_deletes (space, collection, id, mutation_id, at_ms) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (space, collection, id) DO UPDATE SET mutation_id = excluded.mutation_id, at_ms = excluded.at_ms`,
      awaiting.collection,
      awaiting.id,
      awaiting.mutationId,
      atMs,
    )
  }

  async deleteAwaitingDelete(collection: string, id: string): Promise<void> {
    await this.run(
      'DELETE FROM web_sync.awaiting_deletes WHERE space = $1 AND collection = $2 AND id = $3',
      collection,
      id,
    )
  }

  async pruneAwaitingDeletes(beforeMs: number): Promise<void> {
    await this.run('DELETE FROM web_sync.awaiting_deletes WHERE space = $1 AND at_ms < $2', beforeMs)
  }

  async putPartnership(partnership: PartnershipRow): Promise<void> {
    const { partnershipId, account, replicaId, isProvisional, createdAtMs, lastSeenAtMs } = partnership
    await this.run(
      `INSERT INTO web_sync.partnerships
         (space, partnership_id, account, replica_id, is_provisional, created_at_ms, last_seen_at_ms)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (space, partnership_id)
       DO UPDATE SET is_provisional = excluded.is_provisional, last_seen_at_ms = excluded.last_seen_at_ms`,
      partnershipId,
      account,
      replicaId,
      isProvisional,
      createdAtMs,
      lastSeenAtMs,
    )
  }

  /** Waits for an exchange that has it locked: its checkpoints would stay behind. */
  async deletePartnership(partnershipId: string): Promise<void> {
    await this.#lockPartnershipName(partnershipId)
    await this.run('DELETE FROM web_sync.partnerships WHERE space = $1 AND partnership_id = $2', partnershipId)
    await this.run('DELETE FROM web_sync.checkpoints WHERE space = $1 AND partnership_id = $2', partnershipId)
    await this.run('DELETE FROM web_sync.requests WHERE space = $1 AND partnership_id = $2', partnershipId)
  }

  async insertCheckpoint(checkpoint: CheckpointRow): Promise<void> {
    const { partnershipId, n } = checkpoint
    await this.run(
      `INSERT INTO web_sync.checkpoints (space, partnership_id, n, tag, parent_tag, cut, is_presented, collections,
         settle_at, is_settled, digest, sent, request_id, created_at_ms, issue_order)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
         (SELECT coalesce(max(issue_order), 0) + 1 FROM web_sync.checkpoints
          WHERE space = $1 AND partnership_id = $2 AND n = $3)`,
      partnershipId,
      n,
      checkpoint.tag,
      checkpoint.parentTag,
      checkpoint.cut,
      checkpoint.isPresented,
      JSON.stringify(checkpoint.collections),
      checkpoint.settleAt,
      checkpoint.isSettled,
      checkpoint.digest === null ? null : JSON.stringify(checkpoint.digest),
      checkpoint.sent,
      checkpoint.requestId,
      checkpoint.createdAtMs,
    )
  }

  async markPresented(partnershipId: string, n: number, tag: string): Promise<void> {
    const sql = `UPDATE web_sync.checkpoints SET is_presented = true
      WHERE space = $1 AND partnership_id = $2 AND n = $3 AND tag = $4`
    await this.run(sql, partnershipId, n, tag)
  }

  async listCheckpointStubs(partnershipId: string): Promise<readonly CheckpointStub[]> {
    const sql = `SELECT n, tag, parent_tag, is_presented FROM web_sync.checkpoints
      WHERE space = $1 AND partnership_id = $2 ORDER BY n, issue_order`
    return (await this.all(sql, partnershipId)).map(toStub)
  }

  async deleteCheckpoint(partnershipId: string, n: number, tag: string): Promise<void> {
    const sql = 'DELETE FROM web_sync.checkpoints WHERE space = $1 AND partnership_id = $2 AND n = $3 AND tag = $4'
    await this.run(sql, partnershipId, n, tag)
  }

  async putRequest(partnershipId: string, request: RequestRow, keep: number): Promise<void> {
    const { requestId, issued } = request
    const sql = `INSERT INTO web_sync.requests
        (space, partnership_id, request_id, issued_partnership_id, issued_n, issued_tag, place)
      SELECT $1, $2, $3, $4, $5, $6,
        (SELECT coalesce(max(place), 0) + 1 FROM web_sync.requests WHERE space = $1 AND partnership_id = $2)
      ON CONFLICT (space, partnership_id, request_id) DO UPDATE SET place = excluded.place,
        issued_partnership_id = excluded.issued_partnership_id, issued_n = excluded.issued_n,
        issued_tag = excluded.issued_tag
      RETURNING place`
    const row = await this.get(sql, partnershipId, requestId, issued.partnershipId, issued.n, issued.tag)
    const old = 'DELETE FROM web_sync.requests WHERE space = $1 AND partnership_id = $2 AND place <= $3'
    await this.run(old, partnershipId, (row?.['place'] as number) - keep)
  }

  async insertOutcome(outcome: OutcomeRow): Promise<void> {
    await this.run(
      `INSERT INTO web_sync.outcomes
         (space, account, mutation_id, content_hash, outcome, last_number, partnership_id, n, at_ms)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      outcome.account,
      outcome.mutationId,
      outcome.contentHash,
      outcome.outcome,
      outcome.lastNumber,
      outcome.partnershipId,
      outcome.n,
      outcome.atMs,
    )
  }

  async confirmOutcomes(partnershipId: string, n: number, cut: number, atMs: number): Promise<void> {
    const sql = `UPDATE web_sync.outcomes SET confirmed_at_ms = $4 WHERE space = $1 AND partnership_id = $2
      AND confirmed_at_ms IS NULL AND n <= $3 AND coalesce(last_number, 0) <= $5`
    await this.run(sql, partnershipId, n, atMs, cut)
  }

  async pruneLog(beforeMs: number, notPast: number): Promise<number> {
    const { floor } = await this.lockSpace()
    // From the oldest on, up to the first that is young enough to stay; the floor stands behind whole mutations only, like every cut.
    const sql = `SELECT max(number) AS last FROM web_sync.log WHERE space = $1 AND number <= $3 AND number = tx_end
      AND number < coalesce(
        (SELECT min(number) FROM web_sync.log WHERE space = $1 AND at_ms >= $2), ${Number.MAX_SAFE_INTEGER})`
    const end = ((await this.get(sql, beforeMs, notPast))?.['last'] ?? floor) as number
    if (end <= floor) return 0
    await this.run('UPDATE web_sync.spaces SET floor = $2 WHERE space = $1', end)
    this.floor = end
    return this.run('DELETE FROM web_sync.log WHERE space = $1 AND number <= $2', end)
  }

  async getSmallestUnsettledCut(seenSinceMs: number): Promise<number | null> {
    const sql = `SELECT min(cut) AS cut FROM web_sync.checkpoints JOIN web_sync.partnerships USING (space, partnership_id)
      WHERE space = $1 AND NOT is_settled AND last_seen_at_ms >= $2`
    return ((await this.get(sql, seenSinceMs))?.['cut'] ?? null) as number | null
  }

  async pruneOutcomes(confirmedBeforeMs: number, madeBeforeMs: number): Promise<number> {
    const confirmed = await this.run(
      'DELETE FROM web_sync.outcomes WHERE space = $1 AND confirmed_at_ms < $2',
      confirmedBeforeMs,
    )
    const orphaned = await this.run(
      `DELETE FROM web_sync.outcomes WHERE space = $1 AND confirmed_at_ms IS NULL AND at_ms < $2
         AND NOT EXISTS (SELECT 1 FROM web_sync.partnerships
           WHERE partnerships.space = outcomes.space AND partnerships.partnership_id = outcomes.partnership_id)`,
      madeBeforeMs,
    )
    return confirmed + orphaned
  }
}
