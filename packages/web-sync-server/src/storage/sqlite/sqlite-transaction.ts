import type { Digest } from 'web-sync-protocol'
import {
  type AppendedChange,
  type AwaitingDelete,
  type CheckpointRow,
  type CheckpointStub,
  type ForgottenRow,
  type OutcomeRow,
  type PartnershipRow,
  type PrunedOutcome,
  type RecordRow,
  type RequestRow,
  type SpaceRow,
  type StorageTransaction,
  writeIds,
} from '../../contract/index.ts'
import { toPruned, toStub } from './rows.ts'
import { SqliteReader } from './sqlite-reader.ts'

/** Reads and writes one space. The one writing connection is held, and BEGIN IMMEDIATE keeps other processes out: all locks are held. */
export class SqliteTransaction extends SqliteReader implements StorageTransaction {
  lockPartnership(account: string, partnershipId: string): Promise<PartnershipRow | null> {
    return this.getPartnership(account, partnershipId)
  }

  lockRecord(collection: string, id: string): Promise<RecordRow | null> {
    return this.getRecord(collection, id)
  }

  async lockRecords(collection: string, ids: readonly string[]): Promise<ReadonlyMap<string, RecordRow>> {
    const rowsById = new Map<string, RecordRow>()
    for (const id of ids) {
      const row = await this.getRecord(collection, id)
      if (row !== null) rowsById.set(id, row)
    }
    return rowsById
  }

  lockSpace(): Promise<SpaceRow> {
    return this.getSpace()
  }

  async appendChanges(changes: readonly AppendedChange[], digest: Digest): Promise<void> {
    let { head } = await this.getSpace()
    for (const change of changes) {
      if (change.number !== head + 1) throw new RangeError(`change ${change.number} does not follow ${head}`)
      head = change.number
      this.#append(change)
    }
    this.run(
      `INSERT INTO spaces (space, head, floor, durable_head, digest) VALUES (?, ?, 0, 0, ?)
       ON CONFLICT (space) DO UPDATE SET head = excluded.head, digest = excluded.digest`,
      head,
      JSON.stringify(digest),
    )
  }

  #append(change: AppendedChange): void {
    const { number, txEnd, collection, id, version, previousVersion, mutationId, unseen, value, atMs } = change
    this.run(
      `INSERT INTO log (space, number, tx_end, collection, id, version, previous_version, mutation_id, unseen, value, at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      number,
      txEnd,
      collection,
      id,
      version,
      previousVersion,
      mutationId,
      unseen,
      value,
      atMs,
    )
    if (value === null) {
      this.run('DELETE FROM records WHERE space = ? AND collection = ? AND id = ?', collection, id)
      return
    }
    this.run(
      `INSERT INTO records (space, collection, id, version, mutation_id, unseen, prior_mutations, value)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (space, collection, id)
       DO UPDATE SET version = excluded.version, mutation_id = excluded.mutation_id, unseen = excluded.unseen,
         prior_mutations = excluded.prior_mutations, value = excluded.value`,
      collection,
      id,
      version,
      mutationId,
      unseen,
      writeIds(change.priorMutations),
      value,
    )
  }

  async renounceDurability(): Promise<void> {
    // It shares its commit with others, who need it.
  }

  async noteRestoreSeen(atMs: number): Promise<void> {
    this.run('INSERT INTO sightings (space, restore_seen_at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING', atMs)
  }

  async putAwaitingDelete(awaiting: AwaitingDelete, atMs: number): Promise<void> {
    this.run(
      `INSERT INTO awaiting_deletes (space, collection, id, mutation_id, account, base, at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (space, collection, id, mutation_id, account)
       DO UPDATE SET base = excluded.base, at_ms = excluded.at_ms`,
      awaiting.collection,
      awaiting.id,
      awaiting.mutationId,
      awaiting.account,
      awaiting.base,
      atMs,
    )
  }

  async deleteAwaitingDelete({ collection, id, mutationId, account }: AwaitingDelete): Promise<void> {
    const sql = `DELETE FROM awaiting_deletes WHERE space = ? AND collection = ? AND id = ? AND mutation_id = ?
      AND account = ?`
    this.run(sql, collection, id, mutationId, account)
  }

  async putPartnership(partnership: PartnershipRow): Promise<void> {
    const { partnershipId, account, replicaId, isProvisional, createdAtMs, lastSeenAtMs } = partnership
    this.run(
      `INSERT INTO partnerships
         (space, partnership_id, account, replica_id, is_provisional, created_at_ms, last_seen_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (space, partnership_id)
       DO UPDATE SET is_provisional = excluded.is_provisional, last_seen_at_ms = excluded.last_seen_at_ms`,
      partnershipId,
      account,
      replicaId,
      isProvisional ? 1 : 0,
      createdAtMs,
      lastSeenAtMs,
    )
  }

  async deletePartnership(partnershipId: string): Promise<void> {
    this.run('DELETE FROM partnerships WHERE space = ? AND partnership_id = ?', partnershipId)
    this.run('DELETE FROM checkpoints WHERE space = ? AND partnership_id = ?', partnershipId)
    this.run('DELETE FROM requests WHERE space = ? AND partnership_id = ?', partnershipId)
  }

  async insertCheckpoint(checkpoint: CheckpointRow): Promise<void> {
    const { partnershipId, n } = checkpoint
    const newest = this.get(
      'SELECT max(issue_order) AS newest FROM checkpoints WHERE space = ? AND partnership_id = ? AND n = ?',
      partnershipId,
      n,
    )
    this.run(
      `INSERT INTO checkpoints (space, partnership_id, n, tag, issue_order, parent_tag, cut, is_presented, collections,
         settle_at, is_settled, digest, sent, request_id, created_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      partnershipId,
      n,
      checkpoint.tag,
      ((newest?.['newest'] ?? 0) as number) + 1,
      checkpoint.parentTag,
      checkpoint.cut,
      checkpoint.isPresented ? 1 : 0,
      JSON.stringify(checkpoint.collections),
      checkpoint.settleAt,
      checkpoint.isSettled ? 1 : 0,
      checkpoint.digest === null ? null : JSON.stringify(checkpoint.digest),
      checkpoint.sent,
      checkpoint.requestId,
      checkpoint.createdAtMs,
    )
  }

  async markPresented(partnershipId: string, n: number, tag: string): Promise<void> {
    const sql = 'UPDATE checkpoints SET is_presented = 1 WHERE space = ? AND partnership_id = ? AND n = ? AND tag = ?'
    this.run(sql, partnershipId, n, tag)
  }

  async listCheckpointStubs(partnershipId: string): Promise<readonly CheckpointStub[]> {
    const sql = `SELECT n, tag, parent_tag, is_presented FROM checkpoints WHERE space = ? AND partnership_id = ?
      ORDER BY n, issue_order`
    return this.all(sql, partnershipId).map(toStub)
  }

  async deleteCheckpoint(partnershipId: string, n: number, tag: string): Promise<void> {
    const sql = 'DELETE FROM checkpoints WHERE space = ? AND partnership_id = ? AND n = ? AND tag = ?'
    this.run(sql, partnershipId, n, tag)
  }

  async putRequest(partnershipId: string, request: RequestRow, keep: number): Promise<void> {
    const { requestId, issued } = request
    const newest = this.get(
      'SELECT max(place) AS newest FROM requests WHERE space = ? AND partnership_id = ?',
      partnershipId,
    )
    const place = ((newest?.['newest'] ?? 0) as number) + 1
    this.run(
      `INSERT INTO requests (space, partnership_id, request_id, place, issued_partnership_id, issued_n, issued_tag)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (space, partnership_id, request_id) DO UPDATE SET place = excluded.place,
         issued_partnership_id = excluded.issued_partnership_id, issued_n = excluded.issued_n,
         issued_tag = excluded.issued_tag`,
      partnershipId,
      requestId,
      place,
      issued.partnershipId,
      issued.n,
      issued.tag,
    )
    const old = 'DELETE FROM requests WHERE space = ? AND partnership_id = ? AND place <= ?'
    this.run(old, partnershipId, place - keep)
  }

  async insertOutcome(outcome: OutcomeRow): Promise<void> {
    this.run(
      `INSERT INTO outcomes (space, account, mutation_id, content_hash, outcome, last_number, partnership_id, n,
         request_id, origin_id, origin_number, at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      outcome.account,
      outcome.mutationId,
      outcome.contentHash,
      outcome.outcome,
      outcome.lastNumber,
      outcome.partnershipId,
      outcome.n,
      outcome.requestId,
      outcome.originId,
      outcome.originNumber,
      outcome.atMs,
    )
  }

  async carryOutcome(
    carried: Pick<OutcomeRow, 'account' | 'mutationId' | 'partnershipId' | 'n' | 'requestId'>,
  ): Promise<void> {
    const { account, mutationId, partnershipId, n, requestId } = carried
    const sql = `UPDATE outcomes SET partnership_id = ?4, n = ?5, request_id = ?6
      WHERE space = ?1 AND account = ?2 AND mutation_id = ?3 AND confirmed_at_ms IS NULL`
    this.run(sql, account, mutationId, partnershipId, n, requestId)
  }

  async confirmOutcomes(partnershipId: string, n: number, cut: number, atMs: number): Promise<void> {
    const sql = `UPDATE outcomes SET confirmed_at_ms = ?4
      WHERE space = ?1 AND partnership_id = ?2 AND confirmed_at_ms IS NULL AND n <= ?3 AND coalesce(last_number, 0) <= ?5
        AND request_id IN (SELECT request_id FROM checkpoints WHERE space = ?1 AND partnership_id = ?2 AND is_presented = 1)`
    this.run(sql, partnershipId, n, atMs, cut)
  }

  async pruneLog(beforeMs: number, nowMs: number): Promise<number> {
    const { floor, head } = await this.getSpace()
    const young = this.get(
      'SELECT number FROM log WHERE space = ? AND at_ms BETWEEN ? AND ? ORDER BY number LIMIT 1',
      beforeMs,
      nowMs,
    )
    // The floor stands behind whole mutations only, like every cut.
    const old = this.get(
      `SELECT number FROM log WHERE space = ? AND number < ? AND at_ms < ? AND number = tx_end
       ORDER BY number DESC LIMIT 1`,
      (young?.['number'] ?? head + 1) as number,
      beforeMs,
    )
    const end = (old?.['number'] ?? floor) as number
    if (end <= floor) return 0
    this.run('UPDATE spaces SET floor = ?2 WHERE space = ?1', end)
    return this.run('DELETE FROM log WHERE space = ? AND number <= ?', end)
  }

  async pruneOutcomes(confirmedBeforeMs: number, madeBeforeMs: number, max: number): Promise<readonly PrunedOutcome[]> {
    const remove = (condition: string, beforeMs: number, limit: number): readonly PrunedOutcome[] =>
      this.all(
        `DELETE FROM outcomes WHERE (space, account, mutation_id) IN
           (SELECT space, account, mutation_id FROM outcomes WHERE space = ? AND ${condition} LIMIT ?)
         RETURNING account, origin_id, origin_number`,
        beforeMs,
        limit,
      ).map(toPruned)
    const confirmed = remove('confirmed_at_ms < ?', confirmedBeforeMs, max)
    const isOrphan = `confirmed_at_ms IS NULL AND at_ms < ? AND NOT EXISTS (SELECT 1 FROM partnerships
      WHERE partnerships.space = outcomes.space AND partnerships.partnership_id = outcomes.partnership_id)`
    return [...confirmed, ...remove(isOrphan, madeBeforeMs, max - confirmed.length)]
  }

  async putForgotten({ account, originId, numbers }: ForgottenRow): Promise<void> {
    const sql = 'INSERT OR REPLACE INTO forgotten (space, account, origin_id, numbers) VALUES (?, ?, ?, ?)'
    this.run(sql, account, originId, numbers)
  }

  async dateBack(nowMs: number): Promise<void> {
    this.run('UPDATE outcomes SET confirmed_at_ms = ?2 WHERE space = ?1 AND confirmed_at_ms > ?2', nowMs)
    this.run('UPDATE outcomes SET at_ms = ?2 WHERE space = ?1 AND confirmed_at_ms IS NULL AND at_ms > ?2', nowMs)
    const last = this.get('SELECT at_ms FROM log WHERE space = ? ORDER BY number DESC LIMIT 1')
    if (((last?.['at_ms'] ?? 0) as number) <= nowMs) return
    this.run('UPDATE log SET at_ms = ?2 WHERE space = ?1 AND at_ms > ?2', nowMs)
  }
}
