/**
 * Codes of failures that reach the app: the same string in code, logs and docs; part of the API. What to do next stands in
 * docs/errors.md, and in each error's message.
 */
export const SYNC_ERROR_CODES = [
  /** An option of the call is unusable; `path` says which. Nothing was opened or stored. */
  'invalid-option',
  /** A value is outside the value domain or fails its collection's validator; `path` says where. Nothing was stored. */
  'invalid-value',
  /** A record id is not a string of 1–256 well-formed characters. Nothing was stored. */
  'invalid-id',
  /** A mutation has no operation, more than 1,000, or more than 1 MiB. Nothing was stored. */
  'invalid-mutation',
  /** The schema does not declare the collection. */
  'unknown-collection',
  /** The schema does not declare the index, or the query does not fit it. */
  'invalid-query',
  /** An insert of an id that exists on the device. Nothing was stored. */
  'record-exists',
  /** A patch or delete of a record that is not there. Nothing was stored. */
  'record-missing',
  /** A patch or delete of a record that the first sync has not loaded yet: wait for the sync, then do it again. */
  'not-loaded',
  /** The device has no room: nothing was stored, everything else goes on. */
  'quota-exceeded',
  /** The browser's database does not answer; reload, then see docs/errors.md. */
  'storage-failed',
  /** The browser forbids this site to store anything: the user has blocked site data, or the page is in a frame that may not. Nothing was stored. */
  'storage-forbidden',
  /** A tab with an older version of the app holds the database, and does not let go: close it, then open the space again. */
  'storage-blocked',
  /** The store on the device was written by a newer version of the app: reload to get it. Nothing was changed. */
  'newer-schema',
  /** The store on the device has the layout of an earlier version of web-sync, which this one does not read. Nothing was changed. */
  'older-layout',
  /** The store belongs to another account. */
  'account-mismatch',
  /** The space was closed or wiped. */
  'closed',
  /** There is no such refused or salvaged entry (any more). */
  'not-found',
  /** A write was accepted, and this device does not keep it any more: whether it survives a restore of the partner is not known. */
  'durability-unknown',
  /** The browser threw the device's copy away, and a write with it: unless it was sent before, it is lost. */
  'storage-evicted',
  /** The database was broken and replaced, and a write is not among those that could be read: unless it was sent before, it is lost. */
  'storage-replaced',
  /** The write was refused by the partner: see `refusal`. */
  'refused',
  /** The wait was ended by the caller; or the write was discarded. */
  'aborted',
  /** A bug in web-sync; please report it. */
  'internal',
] as const

/** A code of {@link SYNC_ERROR_CODES}. */
export type SyncErrorCode = (typeof SYNC_ERROR_CODES)[number]

/** Facts beside the code. */
export interface SyncErrorFacts {
  /** JSON pointer to the fault, where there is one. */
  readonly path?: string | undefined
  /** Why the partner refused, for code 'refused': a RefusalCode, 'undeliverable' or 'access-ended'. */
  readonly refusal?: string | undefined
  readonly cause?: unknown
}

/** Every failure that reaches the app. */
export class SyncError extends Error {
  override readonly name = 'SyncError'
  /** Stable; switch on this, never on the message. */
  readonly code: SyncErrorCode
  /** JSON pointer to the fault, or undefined. */
  readonly path: string | undefined
  /** Why the partner refused, or undefined. */
  readonly refusal: string | undefined

  constructor(code: SyncErrorCode, message: string, facts: SyncErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.path = facts.path
    this.refusal = facts.refusal
  }
}
