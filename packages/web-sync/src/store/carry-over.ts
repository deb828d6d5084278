import type { IDBPDatabase, IDBPObjectStore, IDBPTransaction } from 'idb'
import type { StoreOptions } from '../contract/index.ts'
import type { ChangeLog, StoreContext } from './context.ts'
import { decodeGroup } from './grouped/group-text.ts'
import { GroupedTable } from './grouped/grouped-table.ts'
import { deleteDatabase, openToWrite } from './idb/door.ts'
import { openIdbDatabase } from './idb/idb-database.ts'
import { mutationIndexKeys, touchKeys } from './index-keys.ts'
import { findMutation } from './mutations.ts'
import { ASIDE } from './outbox.ts'
import { putOverlay, rebaseOverlay, touchedBy } from './overlay-rows.ts'
import { nameToText } from './record-names.ts'
import type { RowDatabase, RowWriter } from './row-database.ts'
import type {
  GroupRow,
  GroupedName,
  JournalRow,
  OutboxRow,
  OverlayRow,
  RefusedRow,
  Rows,
  SalvageRow,
  SyncRow,
} from './rows.ts'
import { createRunner } from './runner.ts'
import { readSync, readSyncToWrite } from './sync-row.ts'
import { keepWritten } from './written.ts'

/** What is worth keeping of a database that was replaced. */
interface Estate {
  /** True: nobody can write there any more, and all that is there was at least listed. */
  readonly isDone: boolean
  readonly outbox: readonly OutboxRow[]
  /** Accepted, and not known to survive a restore of the partner: sent again, which takes effect once. */
  readonly journal: readonly JournalRow[]
  readonly overlay: readonly OverlayRow[]
  readonly refused: readonly RefusedRow[]
  readonly salvage: readonly SalvageRow[]
  /** Rows that are there and cannot be read, each with what one transaction wrote, or a salvaged record; null: nobody knows how many. */
  readonly unreadable: number | null
}

/**
 * Brings what the app wrote from a replaced database into the one in use, and then deletes the old one. It waits as long as another
 * context holds a transaction there (a frozen tab): in the end that one goes on, or ends, and what it wrote is found.
 *
 * Done twice (by two tabs, or after a crash) it changes nothing more, for each mutation is known by its id.
 */
export async function carryOver(
  oldName: string,
  database: RowDatabase,
  context: StoreContext,
  onNotice: StoreOptions['onNotice'],
): Promise<void> {
  const run = createRunner(database, context, onNotice)
  const isCarried = await run.read(async (tx) => (await readSync(tx)).carried?.includes(oldName) === true)
  if (!isCarried) {
    const estate = await readEstate(oldName)
    await run.write('strict', (tx, log) => inherit(tx, context, oldName, estate, log))
    if (!estate.isDone) return
  }
  await deleteDatabase(oldName)
  await run.write('relaxed', async (tx, log) => {
    const { carried = [], recovery, ...sync } = await readSyncToWrite(tx, context)
    const left = carried.filter((name) => name !== oldName)
    tx.put('meta', { ...sync, carried: left, ...(recovery && { recovery: { ...recovery, isOldKept: false } }) })
    log.touch()
  })
}

async function readEstate(name: string): Promise<Estate> {
  // In the present layout, whatever it had; it is not read before that.
  await (await openIdbDatabase({ name, mustExist: true })).close()
  // Another tab may have been faster, and it is gone.
  const db = await openToWrite(name)
  try {
    const { isFenced, hasWritten } = await fence(db)
    const [groups, salvage] = [await readAll(db, 'groups'), await readAll(db, 'salvage')]
    const { rows, unreadable } = ungroup(groups.rows)
    const isListed = groups.unreadable !== null && salvage.unreadable !== null
    return {
      isDone: isFenced && isListed,
      outbox: rows.outbox.filter(isMutation),
      journal: rows.journal.filter(isMutation),
      overlay: rows.overlay,
      refused: rows.refused.filter(isMutation),
      salvage: salvage.rows,
      // Where nothing is left of what was written nobody can say how much it was.
      unreadable:
        !isListed || (hasWritten && groups.rows.length + groups.unreadable === 0)
          ? null
          : groups.unreadable + salvage.unreadable + unreadable,
    }
  } finally {
    db.close()
  }
}

/** Marks the first row, in one transaction: who writes there later reads the mark first. */
async function fence(db: IDBPDatabase): Promise<{ readonly isFenced: boolean; readonly hasWritten: boolean }> {
  try {
    const { store, done } = begin(db, 'meta', 'readwrite')
    const sync = (await store.get('sync')) as Partial<SyncRow> | undefined
    await store.put({ ...sync, key: 'sync', isMoved: true })
    await done
    return { isFenced: true, hasWritten: (sync?.nextOrder ?? 1) > 1 }
  } catch {
    return { isFenced: false, hasWritten: false }
  }
}

/** All rows of a store that can be read; one by one if they cannot be read together. */
async function readAll<Name extends 'groups' | 'salvage'>(
  db: IDBPDatabase,
  name: Name,
): Promise<{ readonly rows: readonly Rows[Name][]; readonly unreadable: number | null }> {
  const read = async <T>(work: (store: ReadableStore) => Promise<T>): Promise<T> =>
    work(begin(db, name, 'readonly').store)
  try {
    const keys = await read((store) => store.getAllKeys())
    const rows: unknown[] = await read((store) => store.getAll()).catch(async () => {
      const each: unknown[] = []
      for (const key of keys) each.push(await read((store) => store.get(key)).catch(() => null))
      return each
    })
    const good = rows.filter(isObject) as Rows[Name][]
    return { rows: good, unreadable: keys.length - good.length }
  } catch {
    return { rows: [], unreadable: null }
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
  const list = <Name extends GroupedName>(name: Name): Rows[Name][] =>
    tableOf(name)
      .list(null)
      .map(({ row }) => row as Rows[Name])
  return {
    rows: { outbox: list('outbox'), journal: list('journal'), overlay: list('overlay'), refused: list('refused') },
    unreadable,
  }
}

type Ungrouped = { readonly [Name in 'outbox' | 'journal' | 'overlay' | 'refused']: readonly Rows[Name][] }

type ReadableStore = Pick<IDBPObjectStore, 'get' | 'getAll' | 'getAllKeys'>

function begin<Mode extends 'readonly' | 'readwrite'>(
  db: IDBPDatabase,
  name: string,
  mode: Mode,
): IDBPTransaction<unknown, [string], Mode> {
  const tx = db.transaction(name, mode, { durability: 'strict' })
  // Whoever waits for its requests hears of it.
  tx.done.catch(() => undefined)
  return tx
}

function isObject(row: unknown): boolean {
  return typeof row === 'object' && row !== null
}

function isMutation(row: unknown): boolean {
  const { mutationId, ops, order } = (row ?? {}) as Partial<OutboxRow>
  return typeof mutationId === 'string' && Array.isArray(ops) && ops.every(isObject) && typeof order === 'number'
}

/** Nothing that the store knows already is taken again. */
async function inherit(
  tx: RowWriter,
  context: StoreContext,
  oldName: string,
  estate: Estate,
  log: ChangeLog,
): Promise<void> {
  const sync = await readSyncToWrite(tx, context)
  const mutations = [...estate.journal, ...estate.outbox, ...estate.refused].toSorted((a, b) => a.order - b.order)
  const known = await Promise.all(mutations.map(({ mutationId }) => findMutation(tx, mutationId)))
  let { nextOrder } = sync
  let saved = 0
  const pending: { readonly mutationId: string; readonly ops: OutboxRow['ops'] }[] = []
  for (const [index, row] of mutations.entries()) {
    if (known[index] !== null) continue
    const { mutationId, ops } = row
    const order = nextOrder
    nextOrder += 1
    if ('refusedAtMs' in row) {
      tx.put('refused', { ...row, order })
      log.stage(mutationId, 'refused')
      continue
    }
    const { origin, createdAtMs, bytes, written } = row
    const setAside = 'setAside' in row ? row.setAside : null
    const ix = mutationIndexKeys(mutationId, [...touchKeys(ops), ...(setAside === null ? [] : [ASIDE])])
    const facts = { order, mutationId, origin, createdAtMs }
    tx.put('outbox', { ...facts, ops, bytes, ...keepWritten(written), setAside, ix })
    pending.push(row)
    log.stage(mutationId, setAside === null ? 'stored' : 'set-aside')
    log.newWrite()
    if ('setAside' in row) saved += 1
  }
  for (const row of estate.salvage) tx.put('salvage', row)
  await showPending(tx, context, sync.generation, estate.overlay, pending, log)
  const recovery = sync.recovery ?? {
    atMs: context.nowMs(),
    cause: 'no-answer',
    message: '',
    saved: 0,
    unreadable: null,
    isOldKept: true,
  }
  const unreadable = estate.unreadable === null ? recovery.unreadable : estate.unreadable + (recovery.unreadable ?? 0)
  // Told in this same transaction: from now on what is in the old database is in this one, also if the old one stays.
  const carried = [...(sync.carried ?? []), ...(estate.isDone ? [oldName] : [])]
  tx.put('meta', { ...sync, carried, nextOrder, recovery: { ...recovery, saved: recovery.saved + saved, unreadable } })
  log.touch()
}

/** The records that carried mutations touch are shown as they were, until the partner's copy of them has come again. */
async function showPending(
  tx: RowWriter,
  context: StoreContext,
  generation: number,
  overlay: readonly OverlayRow[],
  pending: readonly { readonly mutationId: string; readonly ops: OutboxRow['ops'] }[],
  log: ChangeLog,
): Promise<void> {
  const names = touchedBy(pending).values()
  const own = await tx.getMany(
    'overlay',
    names.map(({ collection, id }) => [collection, id]),
  )
  const bases = await tx.getMany(
    'base',
    names.map(({ collection, id }) => [generation, collection, id]),
  )
  await rebaseOverlay(tx, context, generation, names, log)
  const before = new Map(overlay.map((row) => [nameToText(row), row]))
  for (const [index, name] of names.entries()) {
    const row = before.get(nameToText(name))
    if (row === undefined || own[index] !== undefined || bases[index] !== undefined) continue
    putOverlay(tx, name, row.value, row.lastMutation)
    log.record(name.collection, name.id, row.value)
  }
}
