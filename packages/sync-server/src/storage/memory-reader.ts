import type {
  AwaitingDelete,
  CheckpointRow,
  CheckpointStub,
  LogRow,
  OutcomeRow,
  PartnershipRow,
  RecordRow,
  RequestRow,
  SpaceRow,
  StorageReader,
} from '../contract/index.ts'
import { type MemorySpace, outcomeKey, recordKey } from './memory-space.ts'

/** Reads one space in memory. */
export class MemoryReader implements StorageReader {
  protected readonly space: MemorySpace

  constructor(space: MemorySpace) {
    this.space = space
  }

  async getSpace(): Promise<SpaceRow> {
    return this.space.getRow()
  }

  async getRecord(collection: string, id: string): Promise<RecordRow | null> {
    return this.space.records.get(collection)?.get(id) ?? null
  }

  async getAwaitingDelete(collection: string, id: string): Promise<AwaitingDelete | null> {
    const row = this.space.awaitingDeletes.get(recordKey(collection, id))
    return row === undefined ? null : { collection, id, mutationId: row.mutationId }
  }

  async listRecords(collection: string, afterId: string | null, max: number): Promise<readonly RecordRow[]> {
    return this.space.records.get(collection)?.list(afterId, max) ?? []
  }

  async listLog(after: number, upTo: number, max: number): Promise<readonly LogRow[]> {
    const { head, floor } = this.space.getRow()
    const rows: LogRow[] = []
    const last = Math.min(upTo, head)
    for (let number = Math.max(after, floor) + 1; number <= last && rows.length < max; number += 1) {
      const row = this.space.log.get(number)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  async getPartnership(account: string, partnershipId: string): Promise<PartnershipRow | null> {
    const partnership = this.space.partnerships.get(partnershipId)
    return partnership !== undefined && partnership.account === account ? partnership : null
  }

  async listPartnerships(account: string | null): Promise<readonly PartnershipRow[]> {
    return [...this.space.partnerships.values()]
      .filter((partnership) => account === null || partnership.account === account)
      .toSorted((a, b) => a.lastSeenAtMs - b.lastSeenAtMs)
  }

  async getCheckpoint(partnershipId: string, n: number, tag: string): Promise<CheckpointRow | null> {
    return this.checkpointsOf(partnershipId).find((row) => row.n === n && row.tag === tag) ?? null
  }

  async listCheckpoints(partnershipId: string): Promise<readonly CheckpointRow[]> {
    return this.checkpointsOf(partnershipId).toSorted((a, b) => a.n - b.n)
  }

  async listChildren(partnershipId: string, n: number, tag: string): Promise<readonly CheckpointStub[]> {
    return this.checkpointsOf(partnershipId).filter((row) => row.n === n + 1 && row.parentTag === tag)
  }

  async getNewestPresented(partnershipId: string): Promise<CheckpointStub | null> {
    const presented = this.checkpointsOf(partnershipId).filter((row) => row.isPresented)
    return presented.reduce<CheckpointStub | null>((best, row) => (best === null || row.n > best.n ? row : best), null)
  }

  async getOldestKept(partnershipId: string): Promise<number | null> {
    const rows = this.checkpointsOf(partnershipId)
    return rows.length === 0 ? null : rows.reduce((least, row) => Math.min(least, row.n), Number.MAX_SAFE_INTEGER)
  }

  async getNewestIssued(partnershipId: string): Promise<{ readonly n: number; readonly tag: string } | null> {
    const newest = this.checkpointsOf(partnershipId).reduce<CheckpointStub | null>(
      (best, row) => (best === null || row.n >= best.n ? row : best),
      null,
    )
    // Not the row itself: what is called a key goes out to initiators.
    return newest === null ? null : { n: newest.n, tag: newest.tag }
  }

  async getDurable(partnershipId: string, durableHead: number): Promise<number> {
    return this.checkpointsOf(partnershipId)
      .filter((row) => row.isPresented && row.cut <= durableHead)
      .reduce((most, row) => Math.max(most, row.n), 0)
  }

  async getRequest(partnershipId: string, requestId: string): Promise<RequestRow | null> {
    return (this.space.requests.get(partnershipId) ?? []).find((row) => row.requestId === requestId) ?? null
  }

  async getOutcome(account: string, mutationId: string): Promise<OutcomeRow | null> {
    return this.space.outcomes.get(outcomeKey(account, mutationId)) ?? null
  }

  protected checkpointsOf(partnershipId: string): readonly CheckpointRow[] {
    return this.space.checkpoints.get(partnershipId) ?? []
  }
}
