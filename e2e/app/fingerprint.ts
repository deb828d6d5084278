import { canonicalJson, type JsonObject } from 'web-sync-protocol'

/** One text for all equal sets of records, made from the records alone: what a device shows against what the server has. */
export async function fingerprint(records: readonly JsonObject[]): Promise<string> {
  const lines = records.map((record) => canonicalJson(record)).toSorted()
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(lines.join('\n')))
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${records.length}:${hex}`
}
