import { byteLength, type LogBound, type LogRow } from '../../contract/index.ts'

/**
 * A part of the log that is in memory: every row with `after` < number ≤ `through`, and no other. How far it is complete is said by these
 * two numbers, never by how many rows there are: a read-ahead that ended early and rows appended far behind it are not one stretch.
 */
export class LogStretch {
  readonly #after: number
  readonly #rows: readonly LogRow[]

  private constructor(after: number, rows: readonly LogRow[]) {
    this.#after = after
    this.#rows = rows
  }

  /** Nothing is known. */
  static readonly EMPTY: LogStretch = new LogStretch(0, [])

  /** What was read behind `after`: the rows of it that follow from there without a gap. */
  static of(after: number, rows: readonly LogRow[]): LogStretch {
    return new LogStretch(after, followers(after, rows))
  }

  get #through(): number {
    return this.#after + this.#rows.length
  }

  /** With rows that the transaction has appended, if they follow directly. */
  append(rows: readonly LogRow[]): LogStretch {
    return new LogStretch(this.#after, [...this.#rows, ...followers(this.#through, rows)])
  }

  /** As `listLog`, as far as it is known; null: nothing of it is. */
  list(after: number, upTo: number, bound: LogBound): readonly LogRow[] | null {
    if (after < this.#after || after >= this.#through) return null
    const rows: LogRow[] = []
    let bytes = 0
    for (const row of this.#rows.slice(after - this.#after, upTo - this.#after)) {
      bytes += row.value === null ? 0 : byteLength(row.value)
      if (rows.length > 0 && (rows.length >= bound.rows || bytes > bound.bytes)) break
      rows.push(row)
    }
    return rows
  }
}

/** The rows at the beginning that are numbered one after another behind `after`. */
function followers(after: number, rows: readonly LogRow[]): readonly LogRow[] {
  const end = rows.findIndex((row, index) => row.number !== after + 1 + index)
  return end < 0 ? rows : rows.slice(0, end)
}
