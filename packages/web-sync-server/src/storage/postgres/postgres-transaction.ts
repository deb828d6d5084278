import type { Digest } from 'web-sync-protocol'
import {
  type AppendedChange,
  type AwaitingDelete,
  type CheckpointRow,
  type CheckpointStub,
  type CommitNotice,
  EMPTY_SPACE,
  type Foresight,
  type ForgottenRow,
  type LogRow,
  type OutcomeRow,
  type PartnershipRow,
  type PrunedOutcome,
  type RecordRow,
  type RequestRow,
  type SpaceRow,
  type StorageTransaction,
} from '../../contract/index.ts'
import { type Announcer, CHANNEL } from './announcer.ts'
import { appendChanges } from './append-changes.ts'
import { CheckpointLine } from './checkpoint-line.ts'
import { type Foreseen, LOCK_RECORDS, recordKey } from './foreseen.ts'
import { ForeseenReader } from './foreseen-reader.ts'
import { LogStretch } from './log-stretch.ts'
import { PendingWrites } from './pending-writes.ts'
import type { DurableSource } from './postgres-reader.ts'
import { toPruned, toRecord, toStub } from './rows.ts'
import { LOCK_MAKING, lockPartnershipBy, type Session, type SqlRow, type SqlValue } from './session.ts'

/** The commit is answered before it is on the disk, where it is within a second: https://www.postgresql.org/docs/15/wal-async-commit.html */
const COMMIT_SOON = "SELECT set_config('synchronous_commit', 'off', true)"

/** Reads and writes one space. What was foreseen is kept in step with what is written here. */
export class PostgresTransaction extends ForeseenReader implements StorageTransaction {
  /** True once nobody else can make a record in this space. */
  #isMaker = false
  readonly #announcer: Announcer
  #untold: CommitNotice | null = null
  readonly #pending: PendingWrites
  /** True if `#head` is locked. */
  #isHeadLocked = false
  #isRenounced = false

  constructor(session: Session, space: string, durable: DurableSource | null, announcer: Announcer) {
    super(session, space, durable)
    this.#announcer = announcer
    this.#pending = new PendingWrites(session, space)
  }

  /** What is to be told after the commit, since it was not told with it. */
  get untold(): CommitNotice | null {
    return this.#untold
  }

  async announce(partnershipId: string | null): Promise<void> {
    const notice = { space: this.space, partnershipId }
    const payload = this.#announcer.claim(notice)
    if (payload === null) this.#untold = notice
    else this.session.post('SELECT pg_notify($1, $2)', [CHANNEL, payload])
  }

  override async foresee(foresight: Foresight): Promise<Foreseen> {
    const foreseen = await super.foresee(foresight)
    this.#isMaker = foreseen.push !== null
    this.#isHeadLocked = this.#isMaker && this.head !== null
    return foreseen
  }

  /** Sends what is held back; the commit follows. */
  flush(): void {
    this.#pending.flush()
    if (this.#isRenounced && this.session.hasWritten) this.session.post(COMMIT_SOON, [])
  }

  /**
   * An advisory lock: a row lock would be a write, and make each idle exchange wait for the disk. It ends with the transaction, so it
   * works behind pgbouncer too. The row is read by a statement of its own, which sees what the lock's last holder committed.
   */
  async lockPartnership(account: string, partnershipId: string): Promise<PartnershipRow | null> {
    if (this.lineOf(partnershipId) === null) await this.#lockPartnershipName(partnershipId)
    return this.getPartnership(account, partnershipId)
  }

  async #lockPartnershipName(partnershipId: string): Promise<void> {
    await this.all(`SELECT ${lockPartnershipBy('$2')}`, partnershipId)
  }

  /**
   * The record's row lock. What is not there has no row to lock: its makers hold one lock for the whole space, since they would wait for
   * each other at the head anyway, and a lock for each name would run out of room in a large import.
   */
  async lockRecord(collection: string, id: string): Promise<RecordRow | null> {
    const [push, key] = [this.foreseen?.push, recordKey(collection, id)]
    if (push?.keys.has(key) === true && !push.unfetched.has(key)) return push.records.get(key) ?? null
    const row = await this.#lockRow(collection, id)
    if (row !== null || this.#isMaker) return row
    await this.all(`SELECT ${LOCK_MAKING}`)
    this.#isMaker = true
    return this.#lockRow(collection, id)
  }

  /** Two statements for all of them. Makers come first here, as in what is foreseen: some of many are nearly always new. */
  async lockRecords(collection: string, ids: readonly string[]): Promise<ReadonlyMap<string, RecordRow>> {
    if (!this.#isMaker) await this.all(`SELECT ${LOCK_MAKING}`)
    this.#isMaker = true
    const rows = await this.all(
      LOCK_RECORDS,
      ids.map(() => collection),
      ids,
    )
    return new Map(rows.map(toRecord).map((row) => [row.id, row]))
  }

  async #lockRow(collection: string, id: string): Promise<RecordRow | null> {
    const sql = 'SELECT * FROM web_sync.records WHERE space = $1 AND collection = $2 AND id = $3 FOR UPDATE'
    const row = await this.get(sql, collection, id)
    return row === undefined ? null : toRecord(row)
  }

  /** The head's row lock; a space that was never written gets its row first. */
  async lockSpace(): Promise<SpaceRow> {
    if (this.#isHeadLocked && this.head !== null) return this.head
    this.head = (await this.findSpace('FOR UPDATE')) ?? (await this.#makeSpace())
    this.#isHeadLocked = true
    return this.head
  }

  async #makeSpace(): Promise<SpaceRow> {
    await this.run(
      `INSERT INTO web_sync.spaces (space, head, floor, durable_head, digest) VALUES ($1, 0, 0, 0, $2)
       ON CONFLICT (space) DO NOTHING`,
      JSON.stringify(EMPTY_SPACE.digest),
    )
    // Whoever made the row meanwhile has committed, or the INSERT would still wait for it.
    return (await this.findSpace('FOR UPDATE')) ?? EMPTY_SPACE
  }

  async appendChanges(changes: readonly AppendedChange[], digest: Digest): Promise<void> {
    const space = await this.lockSpace()
    let { head } = space
    for (const change of changes) {
      if (change.number !== head + 1) throw new RangeError(`change ${change.number} does not follow ${head}`)
      head = change.number
    }
    appendChanges(this.session, this.space, changes)
    this.session.post('UPDATE web_sync.spaces SET head = $2, digest = $3 WHERE space = $1', [
      this.space,
      head,
      JSON.stringify(digest),
    ])
    const last = changes.at(-1)
    if (last !== undefined) this.see({ head, version: last.version })
    this.head = { ...space, head, digest }
    this.#learn(changes)
  }

  /** What is appended is known without being read again if all before it is; the records are known no more. */
  #learn(changes: readonly LogRow[]): void {
    if (this.foreseen === null) return
    const { push } = this.foreseen
    const keys = new Set(push?.keys)
    for (const { collection, id } of changes) keys.delete(recordKey(collection, id))
    const log = this.foreseen.log.append(changes)
    this.foreseen = { ...this.foreseen, log, push: push === null ? null : { ...push, keys } }
  }

  async renounceDurability(): Promise<void> {
    this.#isRenounced = true
  }

  /** Rows that were fetched ahead may be gone: they are asked for again. */
  #forgetPush(): void {
    if (this.foreseen !== null) this.foreseen = { ...this.foreseen, push: null }
  }

  async noteRestoreSeen(atMs: number): Promise<void> {
    const sql =
      'INSERT INTO web_sync.sightings (space, restore_seen_at_ms) VALUES ($1, $2) ON CONFLICT (space) DO NOTHING'
    this.session.post(sql, [this.space, atMs])
    if (this.head !== null) this.head = { ...this.head, isRestoreSeen: true }
  }

  async putAwaitingDelete(awaiting: AwaitingDelete, atMs: number): Promise<void> {
    const { collection, id, mutationId, account, base } = awaiting
    this.#forgetAwaiting(awaiting)
    await this.run(
      `INSERT INTO web_sync.awaiting_deletes (space, collection, id, mutation_id, account, base, at_ms)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (space, collection, id, mutation_id, account)
       DO UPDATE SET base = excluded.base, at_ms = excluded.at_ms`,
      collection,
      id,
      mutationId,
      account,
      base,
      atMs,
    )
  }

  async deleteAwaitingDelete(awaiting: AwaitingDelete): Promise<void> {
    const { collection, id, mutationId, account } = awaiting
    this.#forgetAwaiting(awaiting)
    await this.run(
      `DELETE FROM web_sync.awaiting_deletes WHERE space = $1 AND collection = $2 AND id = $3 AND mutation_id = $4
         AND account = $5`,
      collection,
      id,
      mutationId,
      account,
    )
  }

  /** What was fetched ahead of this record's waiting deletions is not so any more. */
  #forgetAwaiting({ collection, id }: AwaitingDelete): void {
    this.foreseen?.push?.awaiting.set(recordKey(collection, id), null)
  }

  async putPartnership(partnership: PartnershipRow): Promise<void> {
    this.#pending.putPartnership(partnership)
    if (this.foreseen === null || this.lineOf(partnership.partnershipId) === null) return
    this.foreseen = { ...this.foreseen, partnership }
  }

  /** Waits for an exchange that has it locked: its checkpoints would stay behind. */
  async deletePartnership(partnershipId: string): Promise<void> {
    await this.#lockPartnershipName(partnershipId)
    for (const table of ['partnerships', 'checkpoints', 'requests']) {
      await this.run(`DELETE FROM web_sync.${table} WHERE space = $1 AND partnership_id = $2`, partnershipId)
    }
    if (this.lineOf(partnershipId) === null || this.foreseen === null) return
    this.foreseen = { ...this.foreseen, partnership: null, checkpoint: null, line: new CheckpointLine([]) }
  }

  async insertCheckpoint(checkpoint: CheckpointRow): Promise<void> {
    const { partnershipId, n } = checkpoint
    this.#pending.flush()
    this.lineOf(partnershipId)?.insert(checkpoint)
    this.session.post(
      `INSERT INTO web_sync.checkpoints (space, partnership_id, n, tag, parent_tag, cut, is_presented, collections,
         settle_at, is_settled, digest, sent, request_id, created_at_ms, issue_order)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
         (SELECT coalesce(max(issue_order), 0) + 1 FROM web_sync.checkpoints
          WHERE space = $1 AND partnership_id = $2 AND n = $3)`,
      [
        this.space,
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
      ],
    )
  }

  async markPresented(partnershipId: string, n: number, tag: string): Promise<void> {
    this.#pending.present({ partnershipId, n, tag })
    this.lineOf(partnershipId)?.present(n, tag)
  }

  async listCheckpointStubs(partnershipId: string): Promise<readonly CheckpointStub[]> {
    const line = this.lineOf(partnershipId)
    if (line !== null) return line.stubs()
    const sql = `SELECT n, tag, parent_tag, is_presented FROM web_sync.checkpoints
      WHERE space = $1 AND partnership_id = $2 ORDER BY n, issue_order`
    return (await this.all(sql, partnershipId)).map(toStub)
  }

  async deleteCheckpoint(partnershipId: string, n: number, tag: string): Promise<void> {
    this.#pending.deleteCheckpoint({ partnershipId, n, tag })
    this.lineOf(partnershipId)?.delete(n, tag)
  }

  async putRequest(partnershipId: string, request: RequestRow, keep: number): Promise<void> {
    const { requestId, issued } = request
    // What is removed is another row than the one that is put: of that the statement's second half sees nothing.
    const sql = `WITH newest AS (
        SELECT coalesce(max(place), 0) + 1 AS place FROM web_sync.requests WHERE space = $1 AND partnership_id = $2),
      put AS (
        INSERT INTO web_sync.requests
          (space, partnership_id, request_id, issued_partnership_id, issued_n, issued_tag, place)
        SELECT $1, $2, $3, $4, $5, $6, place FROM newest
        ON CONFLICT (space, partnership_id, request_id) DO UPDATE SET place = excluded.place,
          issued_partnership_id = excluded.issued_partnership_id, issued_n = excluded.issued_n,
          issued_tag = excluded.issued_tag)
      DELETE FROM web_sync.requests USING newest
      WHERE space = $1 AND partnership_id = $2 AND request_id <> $3 AND requests.place <= newest.place - $7`
    const { partnershipId: issuedId, n, tag } = issued
    this.session.post(sql, [this.space, partnershipId, requestId, issuedId, n, tag, keep])
  }

  async insertOutcome(outcome: OutcomeRow): Promise<void> {
    this.#pending.insertOutcome(outcome)
    this.pushOf(outcome.account)?.outcomes.set(outcome.mutationId, outcome)
  }

  async carryOutcome(
    carried: Pick<OutcomeRow, 'account' | 'mutationId' | 'partnershipId' | 'n' | 'requestId'>,
  ): Promise<void> {
    const { account, mutationId, partnershipId, n, requestId } = carried
    const sql = `UPDATE web_sync.outcomes SET partnership_id = $4, n = $5, request_id = $6
      WHERE space = $1 AND account = $2 AND mutation_id = $3 AND confirmed_at_ms IS NULL`
    this.#pending.flush()
    this.session.post(sql, [this.space, account, mutationId, partnershipId, n, requestId])
  }

  async confirmOutcomes(partnershipId: string, n: number, cut: number, atMs: number): Promise<void> {
    const sql = `UPDATE web_sync.outcomes SET confirmed_at_ms = $4 WHERE space = $1 AND partnership_id = $2
      AND confirmed_at_ms IS NULL AND n <= $3 AND coalesce(last_number, 0) <= $5 AND request_id IN (
        SELECT request_id FROM web_sync.checkpoints WHERE space = $1 AND partnership_id = $2 AND is_presented)`
    this.#pending.flush()
    this.session.post(sql, [this.space, partnershipId, n, atMs, cut])
  }

  async pruneLog(beforeMs: number, nowMs: number): Promise<number> {
    const space = await this.lockSpace()
    const { floor } = space
    // From the oldest on, up to the first that is young enough to stay; the floor stands behind whole mutations only, like every cut.
    const sql = `SELECT max(number) AS last FROM web_sync.log WHERE space = $1 AND at_ms < $2 AND number = tx_end
      AND number < coalesce(
        (SELECT min(number) FROM web_sync.log WHERE space = $1 AND at_ms BETWEEN $2 AND $3), ${Number.MAX_SAFE_INTEGER})`
    const end = ((await this.get(sql, beforeMs, nowMs))?.['last'] ?? floor) as number
    if (end <= floor) return 0
    await this.run('UPDATE web_sync.spaces SET floor = $2 WHERE space = $1', end)
    this.floor = end
    this.head = { ...space, floor: end }
    if (this.foreseen !== null) this.foreseen = { ...this.foreseen, log: LogStretch.EMPTY }
    return this.run('DELETE FROM web_sync.log WHERE space = $1 AND number <= $2', end)
  }

  async pruneOutcomes(confirmedBeforeMs: number, madeBeforeMs: number, max: number): Promise<readonly PrunedOutcome[]> {
    this.#forgetPush()
    const remove = async (condition: string, beforeMs: number, limit: number): Promise<readonly PrunedOutcome[]> => {
      const sql = `DELETE FROM web_sync.outcomes WHERE space = $1 AND (account, mutation_id) IN
          (SELECT account, mutation_id FROM web_sync.outcomes WHERE space = $1 AND ${condition} LIMIT $3)
        RETURNING account, origin_id, origin_number`
      // A change, though it brings rows: the commit is waited for.
      this.#pending.flush()
      return (await this.session.change(sql, [this.space, beforeMs, limit])).map(toPruned)
    }
    const confirmed = await remove('confirmed_at_ms < $2', confirmedBeforeMs, max)
    const isOrphan = `confirmed_at_ms IS NULL AND at_ms < $2 AND NOT EXISTS (SELECT 1 FROM web_sync.partnerships
      WHERE partnerships.space = outcomes.space AND partnerships.partnership_id = outcomes.partnership_id)`
    return [...confirmed, ...(await remove(isOrphan, madeBeforeMs, max - confirmed.length))]
  }

  async putForgotten({ account, originId, numbers }: ForgottenRow): Promise<void> {
    const sql = `INSERT INTO web_sync.forgotten (space, account, origin_id, numbers) VALUES ($1, $2, $3, $4)
      ON CONFLICT (space, account, origin_id) DO UPDATE SET numbers = excluded.numbers`
    await this.run(sql, account, originId, numbers)
  }

  async dateBack(nowMs: number): Promise<void> {
    const confirmed = 'UPDATE web_sync.outcomes SET confirmed_at_ms = $2 WHERE space = $1 AND confirmed_at_ms > $2'
    const made = 'UPDATE web_sync.outcomes SET at_ms = $2 WHERE space = $1 AND confirmed_at_ms IS NULL AND at_ms > $2'
    await this.run(confirmed, nowMs)
    await this.run(made, nowMs)
    const last = await this.get('SELECT at_ms FROM web_sync.log WHERE space = $1 ORDER BY number DESC LIMIT 1')
    if (((last?.['at_ms'] ?? 0) as number) <= nowMs) return
    await this.run('UPDATE web_sync.log SET at_ms = $2 WHERE space = $1 AND at_ms > $2', nowMs)
  }

  /** Whatever is asked sees what is held back. */
  protected override all(sql: string, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    this.#pending.flush()
    return super.all(sql, ...values)
  }

  protected override run(sql: string, ...values: readonly SqlValue[]): Promise<number> {
    this.#pending.flush()
    return super.run(sql, ...values)
  }
}
