import type { RowKey } from '../keys.ts'
import type { RowReader } from '../row-database.ts'
import type { WarmRow } from '../rows.ts'
import { readMeta } from '../sync-row.ts'
import { recordToText } from './base-record.ts'
import type { PackedWriter } from './packed-writer.ts'

/** So many records are kept, those that were found last. */
const MAX_RECORDS = 256
/** Their texts have at most so many units together: one row, well below where rows become files of their own. */
const MAX_UNITS = 48_000
/** Between two times that the row is written: what changes often is not worth it. */
const REST_MS = 60_000

/** A record's key, (generation, collection, id), and its text. */
export type WarmRecord = readonly [key: RowKey, text: string]

/**
 * The records that queries by an index found last, once more in one row: an index is read in one request, its records lie all over, each
 * in a pack of its own. An app that is opened again asks for what it showed before, and has that with one request more. They count as
 * long as no transaction has changed any pack since they were put there.
 */
export class WarmRecords {
  /** By the key's name; null: there are none that count; undefined: it has not been looked yet. */
  #textByName: ReadonlyMap<string, string> | null | undefined
  /** What queries have found, by name, last found last. */
  readonly #wanted = new Map<string, RowKey>()
  /** What the row stands for, as far as it is known. */
  #kept = ''
  #keptAtMs = -Infinity

  /** Reads the row, once. `state` names the packs as the transaction finds them. */
  async load(tx: RowReader, state: string): Promise<void> {
    if (this.#textByName !== undefined) return
    this.#textByName = null
    const row = await readMeta(tx, 'warm')
    if (row?.state !== state) return
    this.#textByName = new Map(row.records.map(([key, text]) => [nameOf(key), text]))
    this.#kept = signatureOf(
      state,
      row.records.map(([key]) => nameOf(key)),
    )
  }

  /** The text of a record; undefined: it is not among them. */
  find(key: RowKey): string | undefined {
    return this.#textByName?.get(nameOf(key))
  }

  /** Packs have changed: what was read does not count any more. */
  forget(): void {
    if (this.#textByName !== undefined) this.#textByName = null
  }

  /** A query by an index has found these. */
  want(keys: readonly RowKey[]): void {
    // Who lists everything is not about to show it again.
    if (keys.length > MAX_RECORDS) return
    for (const key of keys) {
      const name = nameOf(key)
      this.#wanted.delete(name)
      this.#wanted.set(name, key)
    }
    for (const name of this.#wanted.keys()) {
      if (this.#wanted.size <= MAX_RECORDS) break
      this.#wanted.delete(name)
    }
  }

  /** True if the row stands for other records than those that are wanted, or for another state, and was not written just now. */
  isDue(state: string, nowMs: number): boolean {
    const isResting = Math.abs(nowMs - this.#keptAtMs) < REST_MS
    return !isResting && this.#wanted.size > 0 && this.#kept !== signatureOf(state, this.#names())
  }

  /** True once a query by an index has found something. */
  get isWanted(): boolean {
    return this.#wanted.size > 0
  }

  /** The keys that are wanted. */
  get wanted(): readonly RowKey[] {
    return [...this.#wanted.values()]
  }

  /** Makes the row of those that were found again, which is about to be written; the others are wanted no more. */
  keep(state: string, nowMs: number, found: readonly WarmRecord[]): WarmRow {
    this.#keptAtMs = nowMs
    this.#wanted.clear()
    let units = 0
    const records = found.toReversed().filter(([, text]) => (units += text.length) <= MAX_UNITS)
    this.want(records.map(([key]) => key).toReversed())
    this.#kept = signatureOf(state, this.#names())
    return { key: 'warm', state, records }
  }

  #names(): readonly string[] {
    return [...this.#wanted.keys()]
  }
}

/** Puts the records that queries found last where the next opening finds them with one request, unless they are there. */
export async function keepWarm(tx: PackedWriter, warm: WarmRecords, nowMs: number): Promise<void> {
  const state = await tx.readPackState()
  if (!warm.isDue(state, nowMs)) return
  const keys = warm.wanted
  const rows = await tx.getMany('base', keys)
  const found = keys.flatMap((key, index): WarmRecord[] => {
    const row = rows[index]
    return row === undefined ? [] : [[key, recordToText(row)]]
  })
  tx.put('meta', warm.keep(state, nowMs, found))
}

function nameOf(key: RowKey): string {
  return JSON.stringify(key)
}

function signatureOf(state: string, names: readonly string[]): string {
  return [state, ...names.toSorted()].join('\n')
}
