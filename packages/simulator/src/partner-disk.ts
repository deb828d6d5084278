import type { JsonObject } from 'web-sync-protocol'
import { type LogRow, PartnerError, type PartnerStorage, type StorageTransaction } from 'web-sync-server/browser'
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

/** A change of a record that was there before it, as it is committed. */
export interface StagedChange {
  readonly collection: string
  readonly id: string
  readonly before: JsonObject
  /** null: it was deleted. */
  readonly after: JsonObject | null
  /** null: the partner’s own. */
  readonly mutationId: string | null
}

/** Who looks on at what is committed. */
export interface PartnerWatcher {
  /** Every checkpoint that was ever committed, in whatever history, by {@link issuedName}. */
  readonly issued: Map<string, Issued>
  /** The changes of one transaction, in order. */
  changed(changes: readonly StagedChange[]): void
}

/** A storage whose transactions can go wrong, on a real one. Reads and writes pass through. */
export class PartnerDisk {
  readonly storage: PartnerStorage
  readonly #watcher: PartnerWatcher
  #fault: PartnerFault | null = null
  /** Of the last transaction that was to crash at one. */
  statements: { count: number } = { count: 0 }
  /** Where what is done is added up; null: nowhere. */
  cost: Cost | null = null
  /** False: this node is a standby that lags. */
  isPrimary = true

  constructor(real: PartnerStorage, scheduler: Scheduler, watcher: PartnerWatcher) {
    this.#watcher = watcher
    this.storage = {
      isPrimary: async () => this.isPrimary,
      transaction: async (space, work) => {
        await scheduler.turn()
        return this.#transact(real, space, work)
      },
      read: (space, work) => real.read(space, work),
      readPartnerId: (draw) => real.readPartnerId(draw),
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
    const seen: Seen = { issued: new Map(), changes: [] }
    const crashAt = fault?.type === 'crash at statement' ? fault.statement : null
    if (crashAt !== null) this.statements = { count: 0 }
    const result = await real.transaction(space, async (tx) => {
      const measured = this.cost === null ? tx : measure(tx, this.cost)
      const done = await work(observe(measured, seen, crashAt, this.statements))
      if (crashAt !== null) throw new PartnerCrash('before COMMIT')
      return done
    })
    for (const [name, checkpoint] of seen.issued) this.#watcher.issued.set(name, checkpoint)
    if (seen.changes.length > 0) this.#watcher.changed(seen.changes)
    if (fault?.type === 'crash after commit') throw new PartnerCrash('after COMMIT')
    if (fault?.type === 'unknown outcome') throw new Error('simulated: the connection broke during COMMIT')
    return result
  }
}

/** What a transaction does, told if it is committed. */
interface Seen {
  readonly issued: Map<string, Issued>
  readonly changes: StagedChange[]
}

/** The name of a key in {@link PartnerWatcher.issued}. */
export function issuedName(partnershipId: string, key: { readonly n: number; readonly tag: string }): string {
  return `${partnershipId} ${key.n} ${key.tag}`
}

/** Counts statements, and the rows that they bring. */
function measure(tx: StorageTransaction, cost: Cost): StorageTransaction {
  cost.transactions += 1
  return new Proxy(tx, {
    get(target, name: keyof StorageTransaction) {
      const method = target[name] as ((...args: unknown[]) => Promise<unknown>) | undefined
      // Of the methods that a storage need not have.
      if (method === undefined) return undefined
      return async (...args: unknown[]): Promise<unknown> => {
        cost.statements += 1
        const result = await method.apply(target, args)
        if (Array.isArray(result)) cost.maxRows = Math.max(cost.maxRows, result.length)
        return result
      }
    },
  })
}

/** Notes which checkpoints are inserted and what is changed, and dies at a statement. */
function observe(
  tx: StorageTransaction,
  seen: Seen,
  crashAt: number | null,
  statements: { count: number },
): StorageTransaction {
  return new Proxy(tx, {
    get(target, name: keyof StorageTransaction) {
      const method = target[name] as ((...args: unknown[]) => unknown) | undefined
      if (method === undefined) return undefined
      if (crashAt === null && name !== 'insertCheckpoint' && name !== 'appendChanges') return method.bind(target)
      return (...args: unknown[]): unknown => {
        statements.count += 1
        if (crashAt !== null && statements.count > crashAt) throw new PartnerCrash('at a statement')
        if (name === 'insertCheckpoint') {
          const row = args[0] as Issued & { readonly partnershipId: string; readonly n: number; readonly tag: string }
          seen.issued.set(issuedName(row.partnershipId, row), row)
        }
        if (name === 'appendChanges') return noteChanges(target, seen, args as Parameters<typeof target.appendChanges>)
        return method.apply(target, args)
      }
    },
  })
}

/** Passes changes on, and notes those of records that are there. */
async function noteChanges(
  tx: StorageTransaction,
  { changes: noted }: Seen,
  [changes, digest]: Parameters<StorageTransaction['appendChanges']>,
): Promise<void> {
  const before = new Map<string, JsonObject>()
  for (const { collection, id, previousVersion } of changes) {
    if (previousVersion === null) continue
    const row = await tx.getRecord(collection, id)
    if (row !== null) before.set(`${collection}/${id}`, JSON.parse(row.value) as JsonObject)
  }
  await tx.appendChanges(changes, digest)
  for (const change of changes) noted.push(...stage(before, change))
}

/** The change, if there is a record before it; `records` is what is there after it. */
function stage(records: Map<string, JsonObject>, change: LogRow): StagedChange[] {
  const { collection, id, value, mutationId } = change
  const name = `${collection}/${id}`
  const before = records.get(name)
  const after = value === null ? null : (JSON.parse(value) as JsonObject)
  if (after === null) records.delete(name)
  else records.set(name, after)
  return before === undefined ? [] : [{ collection, id, before, after, mutationId }]
}
