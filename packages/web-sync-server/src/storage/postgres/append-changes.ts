import { type AppendedChange, type LogRow, writeIds } from '../../contract/index.ts'
import type { Session, SqlValue } from './session.ts'

/** Changes that one statement writes, so that no statement gets larger than the driver and the server take with ease. */
const CHUNK = 1_000

/** Writes log rows and makes the records what they say, without waiting. The head is not touched: its lock is held by the caller. */
export function appendChanges(session: Session, space: string, changes: readonly AppendedChange[]): void {
  for (let start = 0; start < changes.length; start += CHUNK) {
    const chunk = changes.slice(start, start + CHUNK)
    insertLog(session, space, chunk)
    applyToRecords(session, space, chunk)
  }
}

function insertLog(session: Session, space: string, changes: readonly AppendedChange[]): void {
  const sql = `INSERT INTO web_sync.log
      (space, number, tx_end, collection, id, version, previous_version, mutation_id, unseen, value, at_ms)
    SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::text[], $10::text[], $11::bigint[])`
  session.post(sql, [
    space,
    column(changes, 'number'),
    column(changes, 'txEnd'),
    column(changes, 'collection'),
    column(changes, 'id'),
    column(changes, 'version'),
    column(changes, 'previousVersion'),
    column(changes, 'mutationId'),
    column(changes, 'unseen'),
    column(changes, 'value'),
    column(changes, 'atMs'),
  ])
}

/** Of several changes of one record only the last is written: a statement cannot write a row twice. */
function applyToRecords(session: Session, space: string, changes: readonly AppendedChange[]): void {
  const lasts = [...new Map(changes.map((row) => [JSON.stringify([row.collection, row.id]), row])).values()]
  const gone = lasts.filter((row) => row.value === null)
  const live = lasts.filter((row) => row.value !== null)
  if (gone.length > 0) {
    const sql = `DELETE FROM web_sync.records USING unnest($2::text[], $3::text[]) AS gone (collection, id)
      WHERE space = $1 AND records.collection = gone.collection AND records.id = gone.id`
    session.post(sql, [space, column(gone, 'collection'), column(gone, 'id')])
  }
  if (live.length > 0) {
    const sql = `INSERT INTO web_sync.records (space, collection, id, version, mutation_id, unseen, value, prior_mutations)
      SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
      ON CONFLICT (space, collection, id)
      DO UPDATE SET version = excluded.version, mutation_id = excluded.mutation_id, unseen = excluded.unseen,
        value = excluded.value, prior_mutations = excluded.prior_mutations`
    const columns = (['collection', 'id', 'version', 'mutationId', 'unseen', 'value'] as const).map((name) =>
      column(live, name),
    )
    session.post(sql, [space, ...columns, live.map((row) => writeIds(row.priorMutations))])
  }
}

function column(rows: readonly AppendedChange[], name: keyof LogRow): SqlValue {
  return rows.map((row) => row[name])
}
