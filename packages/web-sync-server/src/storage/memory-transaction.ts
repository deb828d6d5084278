import type { Digest } from 'web-sync-protocol'
import type {
  AppendedChange,
  AwaitingDelete,
  CheckpointRow,
  CheckpointStub,
  ForgottenRow,
  OutcomeRow,
  PartnershipRow,
  PrunedOutcome,
  RecordRow,
  RequestRow,
  SpaceRow,
  StorageTransaction,
} from '../contract/index.ts'
import { MemoryReader } from './memory-reader.ts'
import { accountKey, type MemoryAwaitingDelete, recordKey } from './memory-space.ts'

/** Reads and writes one space in memory; the storage runs one transaction at a time, so the locks are held already. */
export class MemoryTransaction extends MemoryReader implements StorageTransaction {
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
    let { head } = this.space.getRow()
    for (const change of changes) {
      if (change.number !== head + 1) throw new RangeError(`change ${change.number} does not follow ${head}`)
      head = change.number
      const { priorMutations = [], ...row } = change
      this.space.log.set(change.number, row)
      const { collection, id, version, mutationId, unseen, value } = row
      const records = this.space.recordsOf(collection)
      if (value === null) records.delete(id)
      else records.set({ collection, id, version, mutationId, unseen, priorMutations, value })
    }
    this.space.rows.set('space', { ...this.space.getRow(), head, digest })
  }

  async renounceDurability(): Promise<void> {
    // Nothing here outlives the process anyway.
  }

  async noteRestoreSeen(): Promise<void> {
    this.space.rows.set('space', { ...this.space.getRow(), isRestoreSeen: true })
  }

  async putAwaitingDelete(awaiting: AwaitingDelete, atMs: number): Promise<void> {
    const { collection, id } = awaiting
    this.space.setAwaiting(collection, id, [...this.#othersAwaiting(awaiting), { ...awaiting, atMs }])
  }

  async deleteAwaitingDelete(awaiting: AwaitingDelete): Promise<void> {
    this.space.setAwaiting(awaiting.collection, awaiting.id, this.#othersAwaiting(awaiting))
  }

  #othersAwaiting({ collection, id, mutationId, account }: AwaitingDelete): MemoryAwaitingDelete[] {
    const rows = this.space.awaitingDeletes.get(recordKey(collection, id)) ?? []
    return rows.filter((row) => row.mutationId !== mutationId || row.account !== account)
  }

  async putPartnership(partnership: PartnershipRow): Promise<void> {
    this.space.partnerships.set(partnership.partnershipId, partnership)
  }

  async deletePartnership(partnershipId: string): Promise<void> {
    this.space.partnerships.delete(partnershipId)
    this.space.checkpoints.delete(partnershipId)
    this.space.requests.delete(partnershipId)
  }

  async insertCheckpoint(checkpoint: CheckpointRow): Promise<void> {
    const { partnershipId } = checkpoint
    this.space.checkpoints.set(partnershipId, [...this.checkpointsOf(partnershipId), checkpoint])
  }

  async markPresented(partnershipId: string, n: number, tag: string): Promise<void> {
    const rows = this.checkpointsOf(partnershipId)
    this.space.checkpoints.set(
      partnershipId,
      rows.map((row) => (row.n === n && row.tag === tag ? { ...row, isPresented: true } : row)),
    )
  }

  async listCheckpointStubs(partnershipId: string): Promise<readonly CheckpointStub[]> {
    return this.listCheckpoints(partnershipId)
  }

  async deleteCheckpoint(partnershipId: string, n: number, tag: string): Promise<void> {
    const rows = this.checkpointsOf(partnershipId)
    this.space.checkpoints.set(
      partnershipId,
      rows.filter((row) => row.n !== n || row.tag !== tag),
    )
  }

  async putRequest(partnershipId: string, request: RequestRow, keep: number): Promise<void> {
    const rows = this.space.requests.get(partnershipId) ?? []
    const others = rows.filter((row) => row.requestId !== request.requestId)
    this.space.requests.set(partnershipId, [...others, request].slice(-keep))
  }

  async insertOutcome(outcome: OutcomeRow): Promise<void> {
    this.space.outcomes.set(accountKey(outcome.account, outcome.mutationId), { ...outcome, confirmedAtMs: null })
  }

  async carryOutcome(
    carried: Pick<OutcomeRow, 'account' | 'mutationId' | 'partnershipId' | 'n' | 'requestId'>,
  ): Promise<void> {
    const key = accountKey(carried.account, carried.mutationId)
    const row = this.space.outcomes.get(key)
    if (row !== undefined && row.confirmedAtMs === null) this.space.outcomes.set(key, { ...row, ...carried })
  }

  async confirmOutcomes(partnershipId: string, n: number, cut: number, atMs: number): Promise<void> {
    const presented = this.checkpointsOf(partnershipId).filter(({ isPresented }) => isPresented)
    const arrived = new Set(presented.map(({ requestId }) => requestId))
    for (const row of this.space.outcomes.values()) {
      if (row.partnershipId !== partnershipId || row.confirmedAtMs !== null || !arrived.has(row.requestId)) continue
      if (row.n > n || (row.lastNumber ?? 0) > cut) continue
      this.space.outcomes.set(accountKey(row.account, row.mutationId), { ...row, confirmedAtMs: atMs })
    }
  }

  async pruneLog(beforeMs: number, nowMs: number): Promise<number> {
    const { floor, head } = this.space.getRow()
    let end = floor
    for (let number = floor + 1; number <= head; number += 1) {
      const row = this.space.log.get(number)
      if (row !== undefined && row.atMs > nowMs) continue
      if (row !== undefined && row.atMs >= beforeMs) break
      // The floor stands behind whole mutations only, like every cut.
      if (row === undefined || row.txEnd === number) end = number
    }
    for (let number = floor + 1; number <= end; number += 1) this.space.log.delete(number)
    if (end > floor) this.space.rows.set('space', { ...this.space.getRow(), floor: end })
    return end - floor
  }

  async pruneOutcomes(confirmedBeforeMs: number, madeBeforeMs: number, max: number): Promise<readonly PrunedOutcome[]> {
    const { partnerships, outcomes } = this.space
    const old = [...outcomes.values()].filter((row) => {
      if (row.confirmedAtMs !== null) return row.confirmedAtMs < confirmedBeforeMs
      return row.atMs < madeBeforeMs && (row.partnershipId === null || !partnerships.has(row.partnershipId))
    })
    const pruned = old.slice(0, max)
    for (const row of pruned) outcomes.delete(accountKey(row.account, row.mutationId))
    return pruned
  }

  async putForgotten(forgotten: ForgottenRow): Promise<void> {
    this.space.forgotten.set(accountKey(forgotten.account, forgotten.originId), forgotten)
  }

  async dateBack(nowMs: number): Promise<void> {
    const { log, outcomes } = this.space
    if ((log.get(this.space.getRow().head)?.atMs ?? 0) > nowMs) {
      for (const row of log.values()) if (row.atMs > nowMs) log.set(row.number, { ...row, atMs: nowMs })
    }
    for (const row of outcomes.values()) {
      const confirmedAtMs = row.confirmedAtMs === null ? null : Math.min(row.confirmedAtMs, nowMs)
      if (row.atMs <= nowMs && confirmedAtMs === row.confirmedAtMs) continue
      const dated = { ...row, atMs: Math.min(row.atMs, nowMs), confirmedAtMs }
      outcomes.set(accountKey(row.account, row.mutationId), dated)
    }
  }
}
