import { isJsonObject, type JsonObject } from 'web-sync-protocol'

/** The marks of the writes that a record shows. */
export function marksOf(record: JsonObject): ReadonlySet<string> {
  const marks = record['marks']
  return new Set(marks !== undefined && isJsonObject(marks) ? Object.keys(marks) : [])
}
