import { decodeGroup } from './grouped/group-text.ts'
import { GroupedTable } from './grouped/grouped-table.ts'
import type {
  GroupRow,
  GroupedName,
  InheritedEntry,
  InheritedRow,
  JournalRow,
  OutboxRow,
  OverlayRow,
  RefusedRow,
  SalvageRow,
  StagesRow,
  SyncRow,
} from './rows.ts'
import { countGiven } from './row-order.ts'

/** Rows of a store that can be read, and how many cannot; null: not even their keys can be listed. */
export interface ReadRows {
  readonly rows: readonly unknown[]
  readonly unreadable: number | null
}

/** A database that was replaced, as far as it answers. It may wait for ever: for another context's transaction. */
export interface OldDatabase {
  /** Names it, among those of one store. */
  readonly name: string
  /** Which one it is of those that replaced each other, from 1. */
  readonly age: number
  /** Name of the store that takes it over, if that is one of another address; undefined: it is one of the same. */
  readonly movedTo?: string | undefined
  /**
   * Puts what `mark` makes of the first row in its place, in one transaction: whoever writes there later reads the mark first. Returns
   * the row as it is then; `isMarked` is false where it cannot be written, and the row null where it cannot be read.
   */
  fence(mark: (row: unknown) => object): Promise<{ readonly row: unknown; readonly isMarked: boolean }>
  readAll(store: 'groups' | 'salvage'): Promise<ReadRows>
  /** What it took itself of databases before it; undefined: nothing, or it cannot be read. */
  readInherited(): Promise<unknown>
}

/** What is worth keeping of a database that was replaced. */
export interface Estate {
  readonly name: string
  readonly age: number
  /** True: it is of a former address. */
  readonly isFormer: boolean
  /** Drawn when it was first looked at, and the same for all who look; null: it could not be marked. */
  readonly estateId: string | null
  /** True: nobody can write there any more, and all that is there was at least listed. */
  readonly isWhole: boolean
  readonly outbox: readonly OutboxRow[]
  /** Accepted, and not known to survive a restore of the partner: sent again, which takes effect once. */
  readonly journal: readonly JournalRow[]
  readonly overlay: readonly OverlayRow[]
  readonly refused: readonly RefusedRow[]
  readonly stages: readonly StagesRow[]
  readonly salvage: readonly SalvageRow[]
  /** What it took of databases before it. */
  readonly inherited: readonly InheritedEntry[]
  /** Rows that are there and cannot be read, each with what one transaction wrote, or a salvaged record; null: nobody knows how many. */
  readonly unreadable: number | null
}

/** Reads what is worth keeping of a replaced database, behind a fence: nobody writes there any more. */
export async function readEstate(old: OldDatabase, randomId: () => string): Promise<Estate> {
  const { row, isMarked } = await old.fence((before) => ({
    estateId: randomId(),
    ...(before as Partial<SyncRow> | undefined),
    key: 'sync',
    isMoved: true,
    ...(old.movedTo !== undefined && { movedTo: old.movedTo }),
  }))
  const { estateId = null, nextOrder = 1 } = (row ?? {}) as Partial<SyncRow>
  const [groups, salvage] = [await old.readAll('groups'), await old.readAll('salvage')]
  const { rows, unreadable } = ungroup(groups.rows.filter(isObject) as GroupRow[])
  const isListed = groups.unreadable !== null && salvage.unreadable !== null
  const unread = isListed ? (groups.unreadable ?? 0) + (salvage.unreadable ?? 0) : null
  // Where nothing is left of what was written nobody can say how much it was.
  const isEmptied = countGiven(nextOrder) > 0 && groups.rows.length + (groups.unreadable ?? 0) === 0
  return {
    name: old.name,
    age: old.age,
    isFormer: old.movedTo !== undefined,
    estateId,
    isWhole: isMarked && isListed,
    outbox: rows.outbox.filter(isMutation),
    journal: rows.journal.filter(isMutation),
    overlay: rows.overlay,
    refused: rows.refused.filter(isMutation),
    stages: rows.stages,
    salvage: salvage.rows.filter(isObject) as SalvageRow[],
    inherited: ((await old.readInherited()) as InheritedRow | undefined)?.list ?? [],
    unreadable: unread === null || isEmptied ? null : unread + unreadable,
  }
}

/** What the groups that can be read leave of each store. */
function ungroup(groups: readonly GroupRow[]): { readonly rows: Ungrouped; readonly unreadable: number } {
  const tables = new Map<GroupedName, GroupedTable>()
  const tableOf = (name: GroupedName): GroupedTable => {
    const table = tables.get(name) ?? new GroupedTable()
    tables.set(name, table)
    return table
  }
  let unreadable = 0
  for (const group of groups) {
    try {
      for (const change of decodeGroup(group)) {
        if (change.length === 1) tables.clear()
        else tableOf(change[0]).set(change[1], change[2])
      }
    } catch {
      unreadable += 1
    }
  }
  const list = (name: GroupedName): unknown[] =>
    tableOf(name)
      .list(null)
      .map(({ row }) => row)
  const rows = {
    outbox: list('outbox'),
    journal: list('journal'),
    overlay: list('overlay'),
    refused: list('refused'),
    stages: list('stages'),
  }
  return { rows: rows as unknown as Ungrouped, unreadable }
}

interface Ungrouped {
  readonly outbox: readonly OutboxRow[]
  readonly journal: readonly JournalRow[]
  readonly overlay: readonly OverlayRow[]
  readonly refused: readonly RefusedRow[]
  readonly stages: readonly StagesRow[]
}

function isObject(row: unknown): boolean {
  return typeof row === 'object' && row !== null
}

function isMutation(row: unknown): boolean {
  const { mutationId, ops, order } = (row ?? {}) as Partial<OutboxRow>
  return typeof mutationId === 'string' && Array.isArray(ops) && ops.every(isObject) && Number.isSafeInteger(order)
}
