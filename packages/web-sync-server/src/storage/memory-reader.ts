import {
  type AwaitingDelete,
  byteLength,
  type CheckpointRow,
  type CheckpointStub,
  compareBytes,
  type ForgottenRow,
  type LogBound,
  type LogRow,
  type LogStub,
  type OutcomeRow,
  type PartnershipRow,
  type ReadBound,
  type RecordRow,
  type RequestRow,
  type SpaceRow,
  type StorageReader,
} from '../contract/index.ts'
import { accountKey, type MemorySpace, recordKey } from './memory-space.ts'

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

  async listAwaitingDeletes(collection: string, id: string): Promise<readonly AwaitingDelete[]> {
    const rows = this.space.awaitingDeletes.get(recordKey(collection, id)) ?? []
    return rows
      .map(({ mutationId, base, account }) => ({ collection, id, mutationId, base, account }))
      .toSorted((a, b) => compareBytes(`${a.mutationId} ${a.account}`, `${b.mutationId} ${b.account}`))
  }

  async listRecords(collection: string, afterId: string | null, bound: ReadBound): Promise<readonly RecordRow[]> {
    return within(bound, this.space.records.get(collection)?.list(afterId, bound.rows) ?? [])
  }

  async listLog(after: number, upTo: number, bound: LogBound): Promise<readonly LogRow[]> {
    const { head, floor } = this.space.getRow()
    const { collections } = bound
    const rows: LogRow[] = []
    const last = Math.min(upTo, head)
    for (let number = Math.max(after, floor) + 1; number <= last && rows.length < bound.rows; number += 1) {
      const row = this.space.log.get(number)
      if (row === undefined) continue
      rows.push(collections === undefined || collections.includes(row.collection) ? row : { ...row, value: null })
    }
    return within(bound, rows)
  }

  async getLogStub(number: number): Promise<LogStub | null> {
    const row = this.space.log.get(number)
    if (row === undefined) return null
    const { version, previousVersion, mutationId } = row
    return { number, version, previousVersion, mutationId }
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
    return this.space.outcomes.get(accountKey(account, mutationId)) ?? null
  }

  async getForgotten(account: string, originId: string): Promise<ForgottenRow | null> {
    return this.space.forgotten.get(accountKey(account, originId)) ?? null
  }

  protected checkpointsOf(partnershipId: string): readonly CheckpointRow[] {
    return this.space.checkpoints.get(partnershipId) ?? []
  }
}

/** The rows up to the last whose value still fits; the first one in any case. */
function within<R extends { readonly value: string | null }>({ bytes }: ReadBound, rows: readonly R[]): readonly R[] {
  let sum = 0
  const end = rows.findIndex(({ value }, index) => {
    sum += value === null ? 0 : byteLength(value)
    return index > 0 && sum > bytes
  })
  return end < 0 ? rows : rows.slice(0, end)
}
