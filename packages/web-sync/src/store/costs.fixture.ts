import type { MemoryDatabase } from './memory/memory-database.ts'
import type { RowReader, RowWriter } from './row-database.ts'

/** What a piece of work costs a device's database. A clock would lie on a busy machine; these numbers are the same on each. */
export interface Costs {
  readonly transactions: number
  /** Of which promise that their rows are on the disk. */
  readonly strict: number
  /** Each row that is asked for by its key, each list, each row that is put or deleted. */
  readonly requests: number
  /** Rows that were copied between the code and the database, in either direction. */
  readonly rows: number
  /** Their JSON, in UTF-16 units. */
  readonly bytesRead: number
  readonly bytesWritten: number
}

const NONE: Costs = { transactions: 0, strict: 0, requests: 0, rows: 0, bytesRead: 0, bytesWritten: 0 }

/** Counts what goes through the databases that it wraps. */
export class CostCounter {
  costs: Costs = NONE
  #requests = new Map<string, number>()

  /** Starts again at nothing. */
  reset(): void {
    this.costs = NONE
    this.#requests.clear()
  }

  /** What was asked for if that is more than so many requests, else ''. */
  beyond(most: number): string {
    if (this.costs.requests <= most) return ''
    return [...this.#requests].map(([name, count]) => `${count} ${name}`).join(', ')
  }

  /** The same database; all that is done through what is returned is counted. */
  wrap(database: MemoryDatabase): MemoryDatabase {
    return {
      ...database,
      read: (work) => {
        this.#add({ transactions: 1 })
        return database.read((tx) => work(this.#watch(tx)))
      },
      write: (durability, work, onComplete) => {
        this.#add({ transactions: 1, strict: durability === 'strict' ? 1 : 0 })
        return database.write(durability, (tx) => work(this.#watch(tx)), onComplete)
      },
    }
  }

  #watch<Tx extends RowReader>(tx: Tx): Tx {
    return new Proxy(tx, {
      get: (target, name: keyof RowWriter & keyof Tx) => {
        const method = target[name] as (...args: unknown[]) => unknown
        return (...args: readonly unknown[]): unknown => {
          this.#count(name, args)
          const answer = method(...args)
          return answer instanceof Promise ? answer.then((rows) => this.#copied(rows)) : answer
        }
      },
    })
  }

  #count(name: keyof RowWriter, args: readonly unknown[]): void {
    const requests = name === 'getMany' ? (args[1] as readonly unknown[]).length : 1
    const key = `${name} ${String(args[0])}`
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + requests)
    const put = name === 'put' ? { rows: 1, bytesWritten: JSON.stringify(args[1]).length } : {}
    this.#add({ requests, ...put })
  }

  #copied(answer: unknown): unknown {
    const rows = (Array.isArray(answer) ? answer : [answer]).filter((row) => row !== undefined && row !== null)
    this.#add({ rows: rows.length, bytesRead: rows.reduce((sum: number, row) => sum + JSON.stringify(row).length, 0) })
    return answer
  }

  #add(more: Partial<Costs>): void {
    const names = Object.keys(NONE) as (keyof Costs)[]
    this.costs = Object.fromEntries(
      names.map((name) => [name, this.costs[name] + (more[name] ?? 0)]),
    ) as unknown as Costs
  }
}
