import type { Foresight, PartnerStorage, StorageTransaction } from '../index.ts'

/** What was asked of a storage. */
export interface StorageCosts {
  readonly transactions: number
  /** Rows that were read: records, log, outcomes and all others. */
  readonly rowsRead: number
  /** Of these rows, as JSON. */
  readonly bytesRead: number
  readonly rowsWritten: number
  readonly bytesWritten: number
}

const NOTHING: StorageCosts = { transactions: 0, rowsRead: 0, bytesRead: 0, rowsWritten: 0, bytesWritten: 0 }
const READS = /^(?:get|list|lock)/

/** A storage that counts what is asked of it, without a clock. */
export class StorageMeter {
  #costs: StorageCosts = NOTHING

  /** The same storage, counted. */
  wrap(storage: PartnerStorage): PartnerStorage {
    const transaction = <T>(
      space: string,
      work: (tx: StorageTransaction) => Promise<T>,
      foresight?: Foresight,
    ): Promise<T> => {
      this.#add({ transactions: 1 })
      return storage.transaction(space, (tx) => work(this.#metered(tx)), foresight)
    }
    return bound(storage, (name, method) => (name === 'transaction' ? transaction : method))
  }

  /** What was asked since the last call. */
  take(): StorageCosts {
    const costs = this.#costs
    this.#costs = NOTHING
    return costs
  }

  #metered(tx: StorageTransaction): StorageTransaction {
    return bound(tx, (name, method) => async (...given: readonly unknown[]) => {
      const answer = await (method as (...given: readonly unknown[]) => Promise<unknown>)(...given)
      const rows = rowsOf(READS.test(name) ? answer : given[0])
      const bytes = JSON.stringify(rows).length
      if (READS.test(name)) this.#add({ rowsRead: rows.length, bytesRead: bytes })
      else this.#add({ rowsWritten: rows.length, bytesWritten: bytes })
      return answer
    })
  }

  #add(costs: Partial<StorageCosts>): void {
    const sum: { -readonly [K in keyof StorageCosts]: number } = { ...this.#costs }
    for (const [name, value] of Object.entries(costs) as [keyof StorageCosts, number][]) sum[name] += value
    this.#costs = sum
  }
}

function rowsOf(answer: unknown): readonly unknown[] {
  if (answer instanceof Map) return [...(answer as ReadonlyMap<string, unknown>).values()]
  if (Array.isArray(answer)) return answer as readonly unknown[]
  return answer === null || answer === undefined ? [] : [answer]
}

/** The object, with each method bound to it and then replaced. */
function bound<T extends object>(target: T, replace: (name: string, method: unknown) => unknown): T {
  return new Proxy(target, {
    get(inner, name) {
      const value: unknown = Reflect.get(inner, name, inner)
      return typeof value === 'function' ? replace(String(name), value.bind(inner)) : value
    },
  })
}
