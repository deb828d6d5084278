/** What a schema file needs: declared once, shared by page, worker, service worker and server. */
export {
  collection,
  type Collection,
  type CollectionOptions,
  type CollectionsByName,
  type ConflictPolicy,
  defineSchema,
  type JsonObject,
  type JsonValue,
  type RecordOf,
  type ResolveConflict,
  type Schema,
  type StandardSchema,
} from 'web-sync-protocol'
