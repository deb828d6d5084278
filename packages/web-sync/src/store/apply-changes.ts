import { type Change, type DigestBuilder, fitRecord, type SchemaShape, versionNumber } from 'web-sync-protocol'
import { findCollection } from './index-keys.ts'
import type { RowKey } from './keys.ts'
import { type RecordName, nameToText } from './record-names.ts'
import type { RowReader, RowWriter } from './row-database.ts'
import type { BaseRow, PreImage } from './rows.ts'

/** What applying changes did to base. */
export interface AppliedChanges {
  /** Records that are different now, each once. */
  readonly records: readonly RecordName[]
  /** What they were before. */
  readonly preImages: readonly PreImage[]
  /** As the schema of this store has them, whatever version wrote them. */
  readonly puts: readonly Extract<Change, { type: 'put' }>[]
  readonly deletes: readonly RecordName[]
}

/**
 * Applies a page's changes to the base of one generation. A change that is not newer than the version held is skipped: the snapshot
 * had it already. Of a snapshot one that is as new is applied, so a page that comes again changes nothing.
 */
export async function applyChanges(
  tx: RowWriter,
  schema: SchemaShape,
  generation: number,
  page: { readonly changes: readonly Change[]; readonly snapshot: boolean },
  digest: DigestBuilder,
): Promise<AppliedChanges> {
  const held = await readHeld(tx, generation, page.changes)
  const changed = new Map<string, { readonly record: RecordName; readonly before: BaseRow | null; after: Change }>()
  for (const change of page.changes) {
    const name = nameToText(change)
    const earlier = changed.get(name)
    const version = earlier === undefined ? held.get(name)?.version : earlier.after.version
    if (version !== undefined && !isNewer(change, version, page.snapshot)) continue
    if (earlier === undefined) {
      const record = { collection: change.collection, id: change.id }
      changed.set(name, { record, before: held.get(name) ?? null, after: change })
    } else {
      earlier.after = change
    }
  }
  const entries = [...changed.values()]
  for (const entry of entries) {
    entry.after = fitChange(schema, entry.after)
    writeBase(tx, generation, entry.before, entry.after, digest)
  }
  return {
    records: entries.map((entry) => entry.record),
    preImages: entries.map(({ record, before }) => toPreImage(record, before)),
    puts: entries.flatMap(({ after }) => (after.type === 'put' ? [after] : [])),
    deletes: entries.flatMap(({ record, after }) => (after.type === 'delete' ? [record] : [])),
  }
}

function fitChange(schema: SchemaShape, change: Change): Change {
  if (change.type === 'delete') return change
  return { ...change, value: fitRecord(findCollection(schema, change.collection), change.value) }
}

/** A base row as a pre-image. */
function toPreImage(record: RecordName, before: BaseRow | null): PreImage {
  if (before === null) return [record.collection, record.id, null]
  const { version, mutationId, value } = before
  return [record.collection, record.id, { version, mutationId, value }]
}

/** Makes a base row what a pre-image says; keeps the digest. */
export function restoreImage(
  tx: RowWriter,
  generation: number,
  [collection, id, image]: PreImage,
  present: BaseRow | null,
  digest: DigestBuilder,
): void {
  digest.replace(collection, present?.version ?? null, image?.version ?? null)
  if (image === null) {
    tx.delete('base', [generation, collection, id])
  } else {
    tx.put('base', { generation, collection, id, ...image })
  }
}

function writeBase(
  tx: RowWriter,
  generation: number,
  before: BaseRow | null,
  change: Change,
  digest: DigestBuilder,
): void {
  const { collection, id, version, mutationId } = change
  const image = change.type === 'put' ? { version, mutationId, value: change.value } : null
  // What was not there and is not there: nothing to write.
  if (image === null && before === null) return
  restoreImage(tx, generation, [collection, id, image], before, digest)
}

function isNewer(change: Change, heldVersion: string, isSnapshot: boolean): boolean {
  const distance = versionNumber(change.version) - versionNumber(heldVersion)
  return isSnapshot ? distance >= 0 : distance > 0
}

/** Base rows of the records that changes name. */
async function readHeld(
  tx: RowReader,
  generation: number,
  changes: readonly Change[],
): Promise<ReadonlyMap<string, BaseRow>> {
  const held = new Map<string, BaseRow>()
  const keys = new Map(
    changes.map((change): [string, RowKey] => [nameToText(change), [generation, change.collection, change.id]]),
  )
  const rows = await tx.getMany('base', [...keys.values()])
  for (const [index, name] of [...keys.keys()].entries()) {
    const row = rows[index]
    if (row !== undefined) held.set(name, row)
  }
  return held
}
