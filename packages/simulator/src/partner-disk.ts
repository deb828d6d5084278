import { PartnerError, type PartnerStorage, type StorageTransaction } from 'sync-server/browser'
import type { Scheduler } from './scheduler.ts'

/** How a transaction of the partner goes wrong. */
export type PartnerFault =
  /** The process dies at a statement: nothing is stored, no answer. */
  | { readonly type: 'crash at statement'; readonly statement: number }
  /** It dies right after COMMIT: everything is stored, no answer. */
  | { readonly type: 'crash after commit' }
  /** COMMIT was done, and its connection said that it failed. */
  | { readonly type: 'unknown outcome' }
  /** The database cannot be had in time. */
  | { readonly type: 'busy' }

/** What requests cost the storage. */
export interface Cost {
  transactions: number
  statements: number
  /** The most rows that one statement brought. */
  maxRows: number
}

/** The process of the partner is gone; whoever asked sees a broken connection. */
export class PartnerCrash extends Error {}

/** What the simulator learns of each checkpoint that is issued. */
export interface Issued {
  readonly parentTag: string | null
  readonly cut: number
  readonly isSettled: boolean
}

/** A storage whose transactions can go wrong, on a real one. Reads and writes pass through. */
export class PartnerDisk {
  readonly storage: PartnerStorage
  /** By partnership, n and tag: every checkpoint that was ever committed, in whatever history. */
  readonly issued: Map<string, Issued>
  #fault: PartnerFault | null = null
  /** Of the last transaction that was to crash at one. */
  statements: { count: number } = { count: 0 }
  /** Where what is done is added up; null: nowhere. */
  cost: Cost | null = null
  /** False: this node is a standby that lags. */
  isPrimary = true

  constructor(real: PartnerStorage, scheduler: Scheduler, issued: Map<string, Issued>) {
    this.issued = issued
    this.storage = {
      isPrimary: async () => this.isPrimary,
      transaction: async (space, work) => {
        await scheduler.turn()
        return this.#transact(real, space, work)
      },
      read: (space, work) => real.read(space, work),
      listSpaces: () => real.listSpaces(),
      findPartnerships: (account, ids) => real.findPartnerships(account, ids),
      markDurable: (space) => real.markDurable(space),
      eraseAccount: (account) => real.eraseAccount(account),
      eraseSpace: (space) => real.eraseSpace(space),
      close: () => real.close(),
    }
  }

  /** The next transaction goes wrong. */
  failNext(fault: PartnerFault | null): void {
    this.#fault = fault
  }

  /** A fault that is still to come. */
  get isFaulty(): boolean {
    return this.#fault !== null
  }

  async #transact<T>(real: PartnerStorage, space: string, work: (tx: StorageTransaction) => Promise<T>): Promise<T> {
    const fault = this.#fault
    this.#fault = null
    if (fault?.type === 'busy') throw new PartnerError('busy', 'the simulated database is locked')
    const issued = new Map<string, Issued>()
    const crashAt = fault?.type === 'crash at statement' ? fault.statement : null
    if (crashAt !== null) this.statements = { count: 0 }
    const result = await real.transaction(space, async (tx) => {
      const seen = this.cost === null ? tx : measure(tx, this.cost)
      const done = await work(observe(seen, issued, crashAt, this.statements))
      if (crashAt !== null) throw new PartnerCrash('before COMMIT')
      return done
    })
    for (const [name, checkpoint] of issued) this.issued.set(name, checkpoint)
    if (fault?.type === 'crash after commit') throw new PartnerCrash('after COMMIT')
    if (fault?.type === 'unknown outcome') throw new Error('simulated: the connection broke during COMMIT')
    return result
  }
}

/** The name of a key in {@link PartnerDisk.issued}. */
export function issuedName(partnershipId: string, key: { readonly n: number; readonly tag: string }): string {
  return `${partnershipId} ${key.n} ${key.tag}`
}

/** Counts statements, and the rows that they bring. */
function measure(tx: StorageTransaction, cost: Cost): StorageTransaction {
  cost.transactions += 1
  return new Proxy(tx, {
    get(target, name: keyof StorageTransaction) {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>
      if (typeof method !== 'function') return method
      return async (...args: unknown[]): Promise<unknown> => {
        cost.statements += 1
        const result = await method.apply(target, args)
        if (Array.isArray(result)) cost.maxRows = Math.max(cost.maxRows, result.length)
        return result
      }
    },
  })
}

/** Notes which checkpoints are inserted, and dies at a statement. */
function observe(
  tx: StorageTransaction,
  issued: Map<string, Issued>,
  crashAt: number | null,
  statements: { count: number },
): StorageTransaction {
  return new Proxy(tx, {
    get(target, name: keyof StorageTransaction) {
      const method = target[name] as (...args: unknown[]) => unknown
      // Facts beside the methods, and what a storage leaves out.
      if (typeof method !== 'function') return method
      if (crashAt === null && name !== 'insertCheckpoint') return method.bind(target)
      return (...args: unknown[]): unknown => {
        statements.count += 1
        if (crashAt !== null && statements.count > crashAt) throw new PartnerCrash('at a statement')
        if (name === 'insertCheckpoint') {
          const row = args[0] as Issued & { readonly partnershipId: string; readonly n: number; readonly tag: string }
          issued.set(issuedName(row.partnershipId, row), row)
        }
        return method.apply(target, args)
      }
    },
  })
}
