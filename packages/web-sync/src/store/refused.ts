import type { PartnerRecord, RefusalReason, RefusedEntry } from '../contract/index.ts'
import { findMutation } from './mutations.ts'
import { nameToText, type RecordName, RecordSet } from './record-names.ts'
import { listByNumber, READ_BATCH, type RowReader } from './row-database.ts'
import type { RefusedRow } from './rows.ts'
import { readSync } from './sync-row.ts'
import { writtenOps } from './written.ts'

/**
 * Refused mutations, in the order in which they were written. Their records are read from base, each once, and shared by the entries
 * that name it: three hundred refused edits of one large record are listed with that record once.
 */
export async function listRefused(tx: RowReader): Promise<RefusedEntry[]> {
  const rows = await listByNumber(tx, 'refused')
  const recordsByName = await readRecords(tx, rows)
  return rows.map((row): RefusedEntry => {
    const { ix: _ix, written: _written, ...entry } = row
    return {
      ...entry,
      ops: writtenOps(row),
      records: namesIn([row]).flatMap((name) => recordsByName.get(nameToText(name)) ?? []),
    }
  })
}

/** Why one mutation was refused or set aside; null: it is neither. */
export async function readRefusal(tx: RowReader, mutationId: string): Promise<RefusalReason | null> {
  const found = await findMutation(tx, mutationId, ['refused', 'outbox'])
  if (found?.in === 'refused') {
    const { code, message, path, wasAccepted = false } = found.row
    return { code, message, path, wasAccepted }
  }
  const setAside = found?.in === 'outbox' ? found.row.setAside : null
  return setAside === null ? null : { code: setAside, message: '', path: '', wasAccepted: false }
}

/** The partner's records that rows name, by name; where access has ended there are none. */
async function readRecords(tx: RowReader, rows: readonly RefusedRow[]): Promise<ReadonlyMap<string, PartnerRecord>> {
  const { generation } = await readSync(tx)
  const names = namesIn(rows)
  const records = new Map<string, PartnerRecord>()
  for (let start = 0; start < names.length; start += READ_BATCH) {
    const some = names.slice(start, start + READ_BATCH)
    const bases = await tx.getMany(
      'base',
      some.map(({ collection, id }) => [generation, collection, id]),
    )
    for (const [index, { collection, id }] of some.entries()) {
      const base = bases[index]
      const record = { collection, id, version: base?.version ?? null, value: base?.value ?? null }
      records.set(nameToText(record), record)
    }
  }
  return records
}

function namesIn(rows: readonly RefusedRow[]): readonly RecordName[] {
  const names = new RecordSet()
  for (const { code, ops } of rows) if (code !== 'access-ended') names.addAll(ops)
  return names.values()
}
