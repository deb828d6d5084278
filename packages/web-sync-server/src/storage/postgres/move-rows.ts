import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import type { MovedTable, MovedValue } from '../../contract/index.ts'

/** Rows that one statement writes or reads, and characters of text after which it is sent with fewer. */
const BATCH_ROWS = 1_000
const BATCH_LENGTH = 1_000_000

/** What a table's rows of one space come to: two that are equal have the same rows, bit for bit. */
export interface RowSum {
  readonly rows: number
  readonly sha256: string
}

/** Writes rows as they are drawn, a batch at a time; `onRows` hears how many, and may throw. The transaction has named the space. */
export async function writeRows(
  client: Client,
  table: MovedTable,
  space: string,
  rows: Iterable<readonly MovedValue[]>,
  onRows: (rows: number) => void,
): Promise<RowSum> {
  const sum = new Summer()
  let batch: (readonly MovedValue[])[] = []
  let length = 0
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return
    await client.query(insertOf(table), [space, ...table.columns.map((_, index) => batch.map((row) => row[index]))])
    onRows(batch.length)
    batch = []
    length = 0
  }
  for (const row of rows) {
    length += sum.add(row)
    batch.push(row)
    if (batch.length >= BATCH_ROWS || length >= BATCH_LENGTH) await flush()
  }
  await flush()
  return sum.read()
}

/** Reads them back in the same order, with a cursor; `onRow` hears each. */
export async function readBack(
  client: Client,
  table: MovedTable,
  onRow: (row: readonly MovedValue[]) => void,
): Promise<RowSum> {
  const names = table.columns.map(([name]) => name)
  const order = table.key.length === 0 ? '' : `ORDER BY ${table.key.join(', ')}`
  const select = `SELECT ${names.join(', ')} FROM web_sync.${table.name} WHERE space = current_setting('web_sync.space') ${order}`
  await client.query(`DECLARE moved NO SCROLL CURSOR FOR ${select}`)
  const sum = new Summer()
  for (;;) {
    const { rows } = await client.query<MovedValue[]>({ text: `FETCH ${BATCH_ROWS} FROM moved`, rowMode: 'array' })
    for (const row of rows) {
      sum.add(row)
      onRow(row)
    }
    if (rows.length < BATCH_ROWS) break
  }
  await client.query('CLOSE moved')
  return sum.read()
}

function insertOf({ name, columns }: MovedTable): string {
  const arrays = columns.map(([, type], index) => `$${index + 2}::${type}[]`)
  const names = columns.map(([column]) => column)
  return `INSERT INTO web_sync.${name} (space, ${names.join(', ')}) SELECT $1, * FROM unnest(${arrays.join(', ')})`
}

/** Adds rows up, in their order. */
class Summer {
  readonly #hash = createHash('sha256')
  #rows = 0

  /** Returns how long the row is as text. */
  add(row: readonly MovedValue[]): number {
    const text = JSON.stringify(row)
    this.#hash.update(text).update('\n')
    this.#rows += 1
    return text.length
  }

  read(): RowSum {
    return { rows: this.#rows, sha256: this.#hash.digest('hex') }
  }
}
