import type {
  AwaitingDelete,
  CheckpointRow,
  CheckpointStub,
  Foresight,
  LogBound,
  ForgottenRow,
  LogRow,
  OutcomeRow,
  PartnershipRow,
  SpaceRow,
} from '../../contract/index.ts'
import type { CheckpointLine } from './checkpoint-line.ts'
import { type Foreseen, type ForeseenPush, foreseeAll, recordKey } from './foreseen.ts'
import { PostgresReader } from './postgres-reader.ts'

/** Reads one space; what was foreseen is answered from what came with it. */
export class ForeseenReader extends PostgresReader {
  /** The head row, as this transaction goes by it; null: it was not looked at, or is not there. */
  protected head: SpaceRow | null = null
  /** null: nothing was foreseen. */
  protected foreseen: Foreseen | null = null
  #foresight: Foresight | null = null

  /** Asks for what will be looked up; its locks were taken when the transaction began. */
  async foresee(foresight: Foresight): Promise<Foreseen> {
    const { space, ...foreseen } = await foreseeAll(this.session, this.space, foresight, (lock) => this.findSpace(lock))
    this.head = space
    this.foreseen = foreseen
    this.#foresight = foresight
    return foreseen
  }

  override async getSpace(): Promise<SpaceRow> {
    return this.head ?? super.getSpace()
  }

  override async listLog(after: number, upTo: number, bound: LogBound): Promise<readonly LogRow[]> {
    return this.foreseen?.log.list(after, upTo, bound) ?? super.listLog(after, upTo, bound)
  }

  override async getPartnership(account: string, partnershipId: string): Promise<PartnershipRow | null> {
    const isForeseen = this.lineOf(partnershipId) !== null && this.#foresight?.account === account
    return isForeseen ? (this.foreseen?.partnership ?? null) : super.getPartnership(account, partnershipId)
  }

  /** Its checkpoints, if they were fetched under its lock. */
  protected lineOf(partnershipId: string): CheckpointLine | null {
    return this.#foresight?.partnershipId === partnershipId ? (this.foreseen?.line ?? null) : null
  }

  override async getCheckpoint(partnershipId: string, n: number, tag: string): Promise<CheckpointRow | null> {
    const line = this.lineOf(partnershipId)
    if (line === null) return super.getCheckpoint(partnershipId, n, tag)
    if (!line.has(n, tag)) return null
    const checkpoint = this.foreseen?.checkpoint ?? null
    if (checkpoint?.n !== n || checkpoint.tag !== tag) return super.getCheckpoint(partnershipId, n, tag)
    return { ...checkpoint, isPresented: line.isPresented(n, tag) }
  }

  override async listChildren(partnershipId: string, n: number, tag: string): Promise<readonly CheckpointStub[]> {
    return this.lineOf(partnershipId)?.children(n, tag) ?? super.listChildren(partnershipId, n, tag)
  }

  override async getNewestPresented(partnershipId: string): Promise<CheckpointStub | null> {
    const line = this.lineOf(partnershipId)
    return line === null ? super.getNewestPresented(partnershipId) : line.newestPresented()
  }

  override async getOldestKept(partnershipId: string): Promise<number | null> {
    const line = this.lineOf(partnershipId)
    return line === null ? super.getOldestKept(partnershipId) : line.oldestKept()
  }

  override async getNewestIssued(partnershipId: string): Promise<{ readonly n: number; readonly tag: string } | null> {
    const line = this.lineOf(partnershipId)
    return line === null ? super.getNewestIssued(partnershipId) : line.newestIssued()
  }

  override async getDurable(partnershipId: string, durableHead: number): Promise<number> {
    return this.lineOf(partnershipId)?.durable(durableHead) ?? super.getDurable(partnershipId, durableHead)
  }

  /** What there is of an ask's mutations, if they are this account's. */
  protected pushOf(account: string): ForeseenPush | null {
    return this.#foresight?.account === account ? (this.foreseen?.push ?? null) : null
  }

  override async getOutcome(account: string, mutationId: string): Promise<OutcomeRow | null> {
    const push = this.pushOf(account)
    if (push?.mutationIds.has(mutationId) === true) return push.outcomes.get(mutationId) ?? null
    return super.getOutcome(account, mutationId)
  }

  override async getForgotten(account: string, originId: string): Promise<ForgottenRow | null> {
    const push = this.pushOf(account)
    if (push?.originIds.has(originId) === true) return push.forgotten.get(originId) ?? null
    return super.getForgotten(account, originId)
  }

  override async listAwaitingDeletes(collection: string, id: string): Promise<readonly AwaitingDelete[]> {
    const [push, key] = [this.foreseen?.push, recordKey(collection, id)]
    const known = push?.awaiting.get(key)
    if (push?.keys.has(key) !== true || known === null) return super.listAwaitingDeletes(collection, id)
    return known ?? []
  }
}
