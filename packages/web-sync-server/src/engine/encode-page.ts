import type { Digest, Outcome, Progress, SyncKey } from 'web-sync-protocol'
import type { LogRow, RecordRow } from '../contract/index.ts'

/** What stands on a page beside its changes. */
export interface PageFacts {
  readonly key: SyncKey
  readonly settled: boolean
  readonly collections: readonly string[]
  readonly snapshot: boolean
  readonly outcomes: readonly Outcome[]
  readonly more: boolean
  readonly progress: Progress | null
  readonly digest: Digest | null
}

/** A page as one line of the reply. Values go from storage to the wire as text: a first sync of 135,000 records parses none of them. */
export function encodePage(facts: PageFacts, changes: readonly string[]): string {
  const rest = JSON.stringify(facts)
  return `{"changes":[${changes.join(',')}],${rest.slice(1)}\n`
}

/** A live record as a change of a snapshot page. */
export function encodeRecord(row: RecordRow): string {
  return `{"type":"put",${encodeName(row)},"value":${row.value}}`
}

/** A log row as a change. */
export function encodeChange(row: LogRow): string {
  if (row.value === null) return `{"type":"delete",${encodeName(row)}}`
  return `{"type":"put",${encodeName(row)},"value":${row.value}}`
}

function encodeName(row: RecordRow | LogRow): string {
  const mutationId = row.mutationId === null ? 'null' : `"${row.mutationId}"`
  return `"collection":"${row.collection}","id":${JSON.stringify(row.id)},"version":"${row.version}","mutationId":${mutationId}`
}
