import type { PartnershipPlace, PartnerStorage, StorageReader, StorageTransaction } from '../contract/index.ts'
import { PartnerError } from '../contract/index.ts'
import { compareBytes } from '../contract/index.ts'
import { Fifo } from './fifo.ts'
import { MemoryReader } from './memory-reader.ts'
import { accountKey, MemorySpace } from './memory-space.ts'
import { MemoryTransaction } from './memory-transaction.ts'

/** A storage in memory. */
export interface MemoryStorage extends PartnerStorage {
  /** What is stored, in a storage of its own: a backup, for tests. To be called while no transaction is under way. */
  copy(): MemoryStorage
}

/** A storage that forgets everything with the program: for tests, and for a partner inside a browser worker. */
export function memoryStorage(): MemoryStorage {
  return new SpacesInMemory(new Map(), null)
}

class SpacesInMemory implements MemoryStorage {
  readonly #spaces: Map<string, MemorySpace>
  readonly #fifo = new Fifo()
  #isClosed = false

  #partnerId: string | null

  constructor(spaces: Map<string, MemorySpace>, partnerId: string | null) {
    this.#spaces = spaces
    this.#partnerId = partnerId
  }

  copy(): MemoryStorage {
    const spaces = new Map([...this.#spaces].map(([name, space]) => [name, space.copy()]))
    return new SpacesInMemory(spaces, this.#partnerId)
  }

  async isPrimary(): Promise<boolean> {
    return true
  }

  transaction<T>(space: string, work: (tx: StorageTransaction) => Promise<T>): Promise<T> {
    return this.#run(async () => {
      const target = this.#spaces.get(space) ?? new MemorySpace()
      try {
        const result = await work(new MemoryTransaction(target))
        target.commit()
        if (!target.isEmpty()) this.#spaces.set(space, target)
        return result
      } catch (error) {
        target.rollBack()
        throw error
      }
    })
  }

  read<T>(space: string, work: (tx: StorageReader) => Promise<T>): Promise<T> {
    return this.#run(() => work(new MemoryReader(this.#spaces.get(space) ?? new MemorySpace())))
  }

  readPartnerId(draw: () => string): Promise<string> {
    return this.#run(async () => (this.#partnerId ??= draw()))
  }

  listSpaces(): Promise<readonly string[]> {
    return this.#run(async () => [...this.#spaces.keys()].toSorted(compareBytes))
  }

  findPartnerships(account: string, partnershipIds: readonly string[]): Promise<readonly PartnershipPlace[]> {
    return this.#run(async () => {
      const places: PartnershipPlace[] = []
      for (const [space, { partnerships }] of this.#spaces) {
        for (const partnershipId of partnershipIds) {
          if (partnerships.get(partnershipId)?.account === account) places.push({ partnershipId, space })
        }
      }
      return places
    })
  }

  markDurable(space: string | null): Promise<void> {
    return this.#run(async () => {
      for (const [name, target] of this.#spaces) {
        if (space !== null && name !== space) continue
        const row = target.getRow()
        target.rows.set('space', { ...row, durableHead: row.head })
        target.commit()
      }
    })
  }

  eraseAccount(account: string): Promise<number> {
    return this.#run(async () => {
      let count = 0
      for (const target of this.#spaces.values()) {
        const tx = new MemoryTransaction(target)
        for (const { partnershipId } of await tx.listPartnerships(account)) {
          await tx.deletePartnership(partnershipId)
          count += 1
        }
        for (const row of target.outcomes.values()) {
          if (row.account === account) target.outcomes.delete(accountKey(account, row.mutationId))
        }
        for (const row of target.forgotten.values()) {
          if (row.account === account) target.forgotten.delete(accountKey(account, row.originId))
        }
        target.filterAwaiting((row) => row.account !== account)
        target.commit()
      }
      return count
    })
  }

  eraseSpace(space: string): Promise<boolean> {
    return this.#run(async () => this.#spaces.delete(space))
  }

  async close(): Promise<void> {
    await this.#fifo.run(async () => {
      this.#isClosed = true
    })
  }

  #run<T>(job: () => Promise<T>): Promise<T> {
    return this.#fifo.run(() => {
      if (this.#isClosed) throw new PartnerError('closed', 'the storage was closed: open a new one')
      return job()
    })
  }
}
