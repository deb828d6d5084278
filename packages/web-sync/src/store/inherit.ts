import type { StorageRecovery } from '../contract/index.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import type { Estate } from './estate.ts'
import { mutationIndexKeys, touchKeys } from './index-keys.ts'
import { isRepeatable, toPending } from './journal.ts'
import { type FoundMutation, findMutation, rememberStages, stageOf } from './mutations.ts'
import { ASIDE } from './outbox.ts'
import { rebaseOverlay, touchedBy } from './overlay-rows.ts'
import { type RecordName, RecordSet, nameToText } from './record-names.ts'
import { type RowWriter, listByNumber } from './row-database.ts'
import { ageOf, countGiven, firstOrder, ordersOf } from './row-order.ts'
import type { InheritedEntry, JournalRow, OutboxRow, RefusedRow, SyncRow } from './rows.ts'
import { salvageKey } from './salvage.ts'
import { readMeta, readSyncToWrite } from './sync-row.ts'

/**
 * Takes what a replaced database left, in one transaction. However often it is done, by whichever contexts: nothing is taken twice,
 * nor anything that this database knows already, whatever became of it here. What is taken keeps its order, so it stands before all
 * that was written since. Returns false if nothing was left to be done.
 */
export async function inherit(
  tx: RowWriter,
  context: StoreContext,
  estate: Estate,
  notice: NoticeBuilder,
): Promise<boolean> {
  const sync = await readSyncToWrite(tx, context)
  const entries = (await readMeta(tx, 'inherited'))?.list ?? []
  const before = entries.find((entry) => isOf(entry, estate))
  // Told in this same transaction: what is in the old database is in this one, also if the old one stays.
  const carried = [...new Set([...(sync.carried ?? []), ...(estate.isWhole ? [estate.name] : [])])]
  if (before?.isDone === true && before.estateId === estate.estateId) {
    tx.put('meta', { ...sync, carried })
    return false
  }
  const earlier = inheritedBy(estate)
  const heir = new Heir(tx, context, estate, sync, notice, [...entries, ...earlier])
  await heir.findNewer()
  await heir.takeMutations()
  await heir.takeStages()
  await heir.takeSalvage()
  await heir.show()
  const entry = heir.close(before)
  const list = [...entries.filter((other) => other !== before), entry]
  tx.put('meta', { key: 'inherited', list: [...list, ...earlier.filter((old) => !list.some(isSame(old)))] })
  const counts = list.flatMap(({ unreadable }) => (unreadable === null ? [] : [unreadable]))
  const unreadable = counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0)
  // What moved to another address was not broken.
  const isMove = estate.isFormer && sync.recovery === undefined && unreadable === 0
  const recovery = sync.recovery ?? unknownRecovery(context.nowMs())
  const told = isMove ? {} : { recovery: { ...recovery, saved: recovery.saved + heir.saved, unreadable } }
  tx.put('meta', { ...heir.sync, carried, ...told })
  notice.touch()
  return true
}

/** Of a database that a context made for which another one was the first: why is not known any more. */
function unknownRecovery(atMs: number): StorageRecovery {
  return { atMs, cause: 'no-answer', message: '', saved: 0, unreadable: null, isRead: false, isOldKept: true }
}

/** What the database that left this had taken; where that is damaged, the ones before it may have what it lacks. */
function inheritedBy({ isWhole, unreadable, inherited }: Estate): readonly InheritedEntry[] {
  return isWhole && unreadable === 0 ? inherited : inherited.map((entry) => ({ ...entry, isDone: false }))
}

/** An entry of a database that could not be marked may be this one. */
function isOf(entry: InheritedEntry, { name, estateId }: Estate): boolean {
  return entry.name === name && (entry.estateId === estateId || entry.estateId === null || estateId === null)
}

function isSame(old: InheritedEntry): (entry: InheritedEntry) => boolean {
  return ({ name, estateId }) => name === old.name && estateId === old.estateId
}

type Left = OutboxRow | JournalRow | RefusedRow

class Heir {
  readonly #tx: RowWriter
  readonly #context: StoreContext
  readonly #estate: Estate
  readonly #notice: NoticeBuilder
  /** What was taken before, here or by the database that left this. */
  readonly #taken: ReadonlySet<string>
  readonly #pending: OutboxRow[] = []
  readonly #newIds: string[] = []
  readonly #newSalvage: string[] = []
  /** Records that were written since, as far as that is known; null: any may have been. */
  #newer: RecordSet | null = new RecordSet()
  sync: SyncRow
  /** Unsent mutations that were taken. */
  saved = 0

  constructor(
    tx: RowWriter,
    context: StoreContext,
    estate: Estate,
    sync: SyncRow,
    notice: NoticeBuilder,
    known: readonly InheritedEntry[],
  ) {
    this.#tx = tx
    this.#context = context
    this.#estate = estate
    this.#notice = notice
    this.sync = sync
    this.#taken = new Set(known.flatMap(({ mutationIds, salvage }) => [...mutationIds, ...salvage]))
  }

  /** What this database was given since, and may have sent already. */
  async findNewer(): Promise<void> {
    const { nextOrder, wasSettled } = this.sync
    const age = ageOf(nextOrder)
    const isNext = this.#estate.age === age - 1
    // What was never sent stands behind, and is judged in order.
    if (isNext && !wasSettled) return
    const newer = new RecordSet()
    let own = 0
    for (const store of PLACES) {
      for (const row of await listByNumber(this.#tx, store, firstOrder(this.#estate.age + 1))) {
        newer.addAll(row.ops)
        if (row.order >= firstOrder(age)) own += 1
      }
    }
    // Those that are nowhere any more touched nobody knows what.
    this.#newer = isNext && own === countGiven(nextOrder) ? newer : null
  }

  async takeMutations(): Promise<void> {
    const { journal, outbox, refused } = this.#estate
    const left: readonly Left[] = [...journal, ...outbox, ...refused].toSorted((a, b) => a.order - b.order)
    const tooOld: string[] = []
    for (const row of left) {
      const { mutationId } = row
      if (!(await this.#isNew(mutationId))) continue
      this.#newIds.push(mutationId)
      if ('acceptedAtMs' in row && !isRepeatable(row, this.#context.nowMs())) tooOld.push(mutationId)
      else await this.#take(row)
    }
    for (const mutationId of tooOld) this.#notice.stage(mutationId, 'dropped')
    const journalDropped = this.sync.journalDropped + tooOld.length
    this.sync = await rememberStages(this.#tx, { ...this.sync, journalDropped }, 'dropped', tooOld)
  }

  async takeStages(): Promise<void> {
    for (const { stage, mutationIds } of this.#estate.stages) {
      const ids: string[] = []
      for (const mutationId of mutationIds) if (await this.#isNew(mutationId)) ids.push(mutationId)
      this.#newIds.push(...ids)
      this.sync = await rememberStages(this.#tx, this.sync, stage, ids)
      for (const mutationId of ids) this.#notice.stage(mutationId, stage)
    }
  }

  async takeSalvage(): Promise<void> {
    for (const row of this.#estate.salvage) {
      const name = JSON.stringify(salvageKey(row))
      if (this.#taken.has(name)) continue
      this.#newSalvage.push(name)
      this.#tx.put('salvage', row)
    }
  }

  /** The records that they touch are shown with them; as they were, until the partner's copy has come again. */
  async show(): Promise<void> {
    const names = touchedBy(this.#pending).values()
    // What was written here meanwhile is not in what a former address showed.
    const overlay = this.#isSameAge() ? [] : this.#estate.overlay
    const shown = new Map(overlay.map((row) => [nameToText(row), row]))
    const [, end] = ordersOf(this.#estate.age)
    const images = names.flatMap((name: RecordName) => {
      const row = shown.get(nameToText(name))
      return row === undefined ? [] : [{ ...name, value: row.value, before: end }]
    })
    await rebaseOverlay(this.#tx, this.#context, this.sync.generation, names, this.#notice, images)
  }

  /** What is to be remembered of it. */
  close(before: InheritedEntry | undefined): InheritedEntry {
    const { name, estateId, isWhole, unreadable } = this.#estate
    return {
      name,
      estateId: estateId ?? before?.estateId ?? null,
      isDone: isWhole,
      hasLeft: before?.hasLeft === true || this.#newIds.length > 0,
      mutationIds: isWhole ? [] : [...(before?.mutationIds ?? []), ...this.#newIds],
      salvage: isWhole ? [] : [...(before?.salvage ?? []), ...this.#newSalvage],
      unreadable,
    }
  }

  async #isNew(mutationId: string): Promise<boolean> {
    return !this.#taken.has(mutationId) && (await findMutation(this.#tx, mutationId)) === null
  }

  async #take(row: Left): Promise<void> {
    const { mutationId } = row
    const order = await this.#placeOf(row)
    if ('refusedAtMs' in row) {
      this.#tx.put('refused', { ...row, order, ix: mutationIndexKeys(mutationId) })
      this.#notice.stage(mutationId, 'refused')
      return
    }
    const pending = 'acceptedAtMs' in row ? toPending(row) : row
    const { setAside, ops } = pending
    const ix = mutationIndexKeys(mutationId, [...touchKeys(ops), ...(setAside === null ? [] : [ASIDE])])
    const isLate = this.#newer === null || ops.some((op) => this.#newer?.has(op) === true)
    const taken: OutboxRow = { ...pending, order, ix, ...(isLate ? { isLate } : {}) }
    this.#tx.put('outbox', taken)
    this.#pending.push(taken)
    this.#notice.stage(mutationId, stageOf({ in: 'outbox', row: taken } satisfies FoundMutation))
    this.#notice.newWrite()
    if (!('acceptedAtMs' in row)) this.saved += 1
  }

  /** Its own, unless what was damaged gives one away twice; then behind all of its database. */
  async #placeOf({ order }: Left): Promise<number> {
    if (this.#isSameAge()) {
      const { nextOrder } = this.sync
      this.sync = { ...this.sync, nextOrder: nextOrder + 1 }
      return nextOrder
    }
    const [first, end] = ordersOf(this.#estate.age)
    const isOwn = order >= 1 && order < end
    if (isOwn && !(await this.#isPlaceTaken(order))) return order
    let last = first - 1
    for (const store of PLACES) {
      const range = { lower: first, upper: end, isUpperOpen: true }
      const [row] = await this.#tx.list(store, { range, direction: 'desc', limit: 1 })
      last = Math.max(last, row?.order ?? 0)
    }
    return last + 1
  }

  /** Of a former address, found when this one was in use already: it comes behind, and late, whatever was written first. */
  #isSameAge(): boolean {
    return this.#estate.age >= ageOf(this.sync.nextOrder)
  }

  async #isPlaceTaken(order: number): Promise<boolean> {
    const rows = await Promise.all(PLACES.map((store) => this.#tx.get(store, order)))
    return rows.some((row) => row !== undefined)
  }
}

/** Where orders are keys; a row moves from one to another with its order. */
const PLACES = ['outbox', 'journal', 'refused'] as const
