import {
  checkObject,
  type Collection,
  DigestBuilder,
  findRecordFault,
  isEqualJson,
  isRecordId,
  type JsonObject,
  LIMITS,
  makeVersion,
} from 'web-sync-protocol'
import {
  type AppendedChange,
  type ImportOptions,
  type ImportResult,
  isLongerThan,
  PartnerError,
  type RecordRow,
  type StorageTransaction,
} from '../contract/index.ts'
import type { EngineContext } from './context.ts'
import { makeUuid } from './own-write.ts'

const DEFAULT_BATCH = 2_000
/** Length of a batch's records as text: a batch of the largest records must not be half a gigabyte in memory and in one transaction. */
const BATCH_LENGTH = 8_388_608

/** A record that is fit to be stored, and its text. */
interface Checked {
  readonly record: JsonObject
  readonly text: string
}

/**
 * Puts many records, streaming: one transaction for each batch, each record a mutation of its own for paging. Records equal to what is
 * stored are left alone. Throws PartnerError 'refused' at the first unusable record, with its position; earlier batches stay.
 */
export async function importRecords(
  context: EngineContext,
  space: string,
  collection: string,
  records: AsyncIterable<JsonObject> | Iterable<JsonObject>,
  options: ImportOptions = {},
): Promise<ImportResult> {
  if (!Object.hasOwn(context.schema.collections, collection)) {
    throw new PartnerError('refused', `the schema has no collection '${collection}'`, { refusal: 'unknown-collection' })
  }
  const size = options.batch ?? DEFAULT_BATCH
  let result: ImportResult = { records: 0, unchanged: 0 }
  let batch: Checked[] = []
  let length = 0
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return
    const unchanged = await storeBatch(context, space, collection, batch)
    result = { records: result.records + batch.length, unchanged: result.unchanged + unchanged }
    batch = []
    length = 0
    options.onProgress?.(result)
  }
  for await (const record of records) {
    const checked = checkRecord(context, collection, record, result.records + batch.length)
    batch.push(checked)
    length += checked.text.length
    if (batch.length >= size || length >= BATCH_LENGTH) await flush()
  }
  await flush()
  return result
}

function checkRecord(context: EngineContext, collection: string, record: JsonObject, index: number): Checked {
  const checked = checkObject(record)
  if (!checked.ok) throw unusable(index, 'invalid-value', checked.path, checked.message)
  if (!isRecordId(checked.value['id'])) throw unusable(index, 'invalid-value', '/id', 'must be a record id')
  const { validator } = context.schema.collections[collection] as Collection
  const fault = findRecordFault(validator, checked.value)
  if (fault !== null) throw unusable(index, 'invalid-record', fault.path, fault.message)
  const text = JSON.stringify(checked.value)
  if (isLongerThan(text, LIMITS.recordBytes)) throw unusable(index, 'too-large', '', 'is too large')
  return { record: checked.value, text }
}

function unusable(
  index: number,
  refusal: 'invalid-value' | 'invalid-record' | 'too-large',
  path: string,
  message: string,
): PartnerError {
  return new PartnerError('refused', `record ${index + 1} of the import: ${path} ${message}`, { refusal, path })
}

async function storeBatch(
  context: EngineContext,
  space: string,
  collection: string,
  batch: readonly Checked[],
): Promise<number> {
  const { clock, random } = context.ports
  const mutationId = makeUuid(random.id())
  const written = await context.storage.transaction(space, async (tx) => {
    const changed = await findChanged(tx, collection, batch)
    if (changed.size === 0) return 0
    const { head, digest } = await tx.lockSpace()
    const builder = new DigestBuilder(digest)
    const rows: AppendedChange[] = []
    for (const [id, { text, before }] of changed) {
      const number = head + 1 + rows.length
      const version = makeVersion(number, random.bits())
      const previousVersion = before?.version ?? null
      builder.replace(collection, previousVersion, version)
      rows.push({
        number,
        txEnd: number,
        collection,
        id,
        version,
        previousVersion,
        mutationId,
        unseen: previousVersion,
        value: text,
        atMs: clock.nowMs(),
      })
    }
    await tx.appendChanges(rows, builder.build())
    await tx.announce?.(null)
    return rows.length
  })
  if (written > 0) {
    context.emit({ type: 'own-write', atMs: clock.nowMs(), space, changes: written })
    context.notify({ space, partnershipId: null })
  }
  return batch.length - written
}

/** The records that are not stored like this already; of an id that comes twice the last one. */
async function findChanged(
  tx: StorageTransaction,
  collection: string,
  batch: readonly Checked[],
): Promise<Map<string, { text: string; before: RecordRow | null }>> {
  const changed = new Map<string, { text: string; before: RecordRow | null }>()
  const ids = new Set(batch.map(({ record }) => record['id'] as string)) // checked by checkRecord
  const stored = await tx.lockRecords(collection, [...ids])
  for (const { record, text } of batch) {
    const id = record['id'] as string
    const before = stored.get(id) ?? null
    const isSame =
      before !== null && (before.value === text || isEqualJson(JSON.parse(before.value) as JsonObject, record))
    if (isSame) changed.delete(id)
    else changed.set(id, { text, before })
  }
  return changed
}
