import type { RowKey } from '../keys.ts'
import { type RowReader, type RowWriter, listAll } from '../row-database.ts'
import { GROUPED_NAMES, type GroupRow, type GroupedName } from '../rows.ts'
import { readMeta } from '../sync-row.ts'
import { type GroupChange, decodeGroup, encodeGroups } from './group-text.ts'
import { type GroupedRow, GroupedTable } from './grouped-table.ts'
import { GroupedWriter, type KnownMeta } from './grouped-writer.ts'

/** So many groups and units may stand behind the last whole copy, whatever that one takes; then a new one is written. */
const LOOSE_GROUPS = 256
const LOOSE_UNITS = 500_000
/** A whole copy that is larger by so many units allows one group more behind it. */
const UNITS_PER_GROUP = 4_000

/** What is known of the groups on the disk. */
interface Position {
  /** The newest one that was read or written; null: none. */
  readonly last: GroupRow | null
  readonly groups: number
  readonly units: number
  /** Units of the last whole copy. */
  readonly copyUnits: number
}

const START: Position = { last: null, groups: 0, units: 0, copyUnits: 0 }

/**
 * The rows of the small stores ({@link GROUPED_NAMES}), as one context sees them: in memory, for IndexedDB asks a price for each row. On the
 * disk stands what transactions did to them: each adds one row («group») with all its changes, inside itself. A transaction begins by
 * reading the groups that other contexts have added since; the one that was read last is read again, for if it is not there any more
 * the groups were copied together or the database was evicted, and all is read anew.
 *
 * What a transaction changes is in memory at once and taken back by the next `begin` unless it was confirmed. If a transaction held
 * and nobody knows, its groups are found by that same `begin`.
 */
export class GroupedRows {
  readonly tables: ReadonlyMap<GroupedName, GroupedTable> = new Map()
  #position = START
  /** Undoes what was not confirmed. */
  #undo: (() => void)[] = []

  constructor() {
    this.#reset()
  }

  /** Begins a transaction that reads or writes; none other may be under way. */
  async begin(tx: RowReader): Promise<GroupedWriter> {
    for (const step of this.#undo.splice(0).toReversed()) step()
    const { last } = this.#position
    // All that nearly every transaction asks for, at once: each answer takes a round trip.
    const [groups, sync, layout] = await Promise.all([
      listGroups(tx, last?.group ?? 0),
      readMeta(tx, 'sync'),
      readMeta(tx, 'layout'),
    ])
    if (last === null) this.#read(groups)
    else if (groups[0]?.group === last.group && groups[0].text === last.text) this.#read(groups.slice(1))
    else {
      this.#reset()
      this.#read(await listGroups(tx, 0))
    }
    const meta: KnownMeta = new Map()
    meta.set('sync', sync).set('layout', layout)
    return new GroupedWriter(tx as RowWriter, this, meta)
  }

  /** The transaction that began last is complete; not to be called once another one has begun. */
  confirm(): void {
    this.#undo = []
  }

  /** Puts a row, or removes it (null), until it is confirmed or undone. */
  set(store: GroupedName, key: RowKey, row: GroupedRow | null): void {
    const table = this.#table(store)
    const before = table.set(key, row)
    this.#undo.push(() => table.set(key, before))
  }

  /** Writes a transaction's changes; now and then a whole copy of all rows instead, so that there are never many groups. */
  write(tx: RowWriter, changes: readonly GroupChange[]): void {
    const before = this.#position
    this.#undo.push(() => (this.#position = before))
    const next = (before.last?.group ?? 0) + 1
    this.#add(tx, encodeGroups(changes, next))
    const { groups, units, copyUnits } = this.#position
    const isLoose = units > LOOSE_UNITS + 2 * copyUnits || groups > LOOSE_GROUPS + copyUnits / UNITS_PER_GROUP
    if (!isLoose) return
    const first = (this.#position.last?.group ?? 0) + 1
    const rows = this.#listAll()
    const copied = sumUnits(encodeGroups(rows, first))
    this.#position = { ...START, last: this.#position.last, copyUnits: copied }
    this.#add(tx, encodeGroups([[copied], ...rows], first))
    tx.deleteRange('groups', { lower: 0, upper: first, isUpperOpen: true })
  }

  #add(tx: RowWriter, groups: readonly GroupRow[]): void {
    for (const group of groups) tx.put('groups', group)
    this.#count(groups)
  }

  #count(groups: readonly GroupRow[]): void {
    const position = this.#position
    this.#position = {
      ...position,
      last: groups.at(-1) ?? position.last,
      groups: position.groups + groups.length,
      units: position.units + sumUnits(groups),
    }
  }

  #read(groups: readonly GroupRow[]): void {
    for (const group of groups) {
      for (const change of decodeGroup(group)) {
        if (change.length === 1) {
          this.#reset()
          this.#position = { ...START, copyUnits: change[0] }
        } else {
          this.#table(change[0]).set(change[1], change[2])
        }
      }
      this.#count([group])
    }
  }

  #listAll(): GroupChange[] {
    return GROUPED_NAMES.flatMap((store) => {
      return this.#table(store)
        .list(null)
        .map(({ key, row }): GroupChange => [store, key, row])
    })
  }

  #reset(): void {
    const tables = this.tables as Map<GroupedName, GroupedTable>
    for (const name of GROUPED_NAMES) tables.set(name, new GroupedTable())
    this.#position = START
  }

  #table(store: GroupedName): GroupedTable {
    return this.tables.get(store) as GroupedTable
  }
}

function listGroups(tx: RowReader, from: number): Promise<GroupRow[]> {
  return listAll(tx, 'groups', { lower: from, upper: Number.MAX_SAFE_INTEGER }, (row) => row.group)
}

function sumUnits(groups: readonly GroupRow[]): number {
  return groups.reduce((sum, { text }) => sum + text.length, 0)
}
