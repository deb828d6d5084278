import type { BaseRow } from '../rows.ts'

/** The text of a record in a pack. */
export function recordToText({
  version,
  mutationId,
  value,
}: Pick<BaseRow, 'version' | 'mutationId' | 'value'>): string {
  return JSON.stringify([version, mutationId, value])
}

/** The record that a text stands for. */
export function textToRecord(generation: number, collection: string, id: string, text: string): BaseRow {
  const [version, mutationId, value] = JSON.parse(text) as [BaseRow['version'], string | null, BaseRow['value']]
  return { generation, collection, id, version, mutationId, value }
}
