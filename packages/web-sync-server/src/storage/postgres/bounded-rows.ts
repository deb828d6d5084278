/** What is read, and how many bytes of values it may have: a number or a parameter. */
interface Bounded {
  /** A SELECT with an order and a LIMIT. */
  readonly rows: string
  readonly bytes: string
}

/**
 * A SELECT of log rows, cut behind the last whose value still fits; the first is given whatever its size. The lengths are known without
 * reading the values: a large one is neither fetched from where PostgreSQL keeps it apart (TOAST), nor sent, unless it is given.
 */
export function boundedLog(bounded: Bounded): string {
  return boundedBy('number', bounded)
}

/** As {@link boundedLog}, of records in the order of their ids. */
export function boundedRecords(bounded: Bounded): string {
  return boundedBy('id', bounded)
}

function boundedBy(order: 'number' | 'id', { rows, bytes }: Bounded): string {
  return `SELECT * FROM (
      SELECT *, row_number() OVER near AS place, sum(octet_length(value)) OVER near AS bytes
      FROM (${rows}) AS listed WINDOW near AS (ORDER BY ${order})) AS summed
    WHERE place = 1 OR coalesce(bytes, 0) <= ${bytes} ORDER BY ${order}`
}
