import type { RefusalCode } from 'web-sync-protocol'

/** Codes of failures that reach a program that embeds the partner. Part of the API. */
export type PartnerErrorCode =
  /** The options are unusable: the message says which and why. */
  | 'invalid-option'
  /** The partner's own write was refused: `refusal` and `path` say why. Nothing of it was stored. */
  | 'refused'
  /** The partner or its storage was closed. */
  | 'closed'
  /**
   * The database is locked by another process, full, or cannot be reached: nothing was stored; try again. PostgreSQL, if the connection
   * was lost during COMMIT: it is not known whether it was stored, and the message says so.
   */
  | 'busy'
  /** The database is a standby, was made read-only, or is a file that is moved elsewhere: nothing was stored; ask the primary. */
  | 'behind'
  /** The database was written by a newer version: nothing was changed. */
  | 'newer-schema'
  /** The tables of the database are of a version that was never published, which is not read: nothing was changed. */
  | 'older-layout'
  /** The file is not a database of ours, or is damaged. */
  | 'unreadable'
  /**
   * The database did not give every row that it must have: a change is missing in the log, or records in a snapshot. Nothing was stored
   * and nothing was sent; devices hear 503 `busy` and wait. Check the database, and restore a backup if rows are gone.
   */
  | 'incomplete'

/** A failure that reaches a program that embeds the partner. */
export class PartnerError extends Error {
  override readonly name = 'PartnerError'
  /** Stable; switch on this, never on the message. */
  readonly code: PartnerErrorCode
  /** Why an own write was refused, for code 'refused'. */
  readonly refusal: RefusalCode | undefined
  /** JSON pointer to the fault, where there is one. */
  readonly path: string | undefined

  constructor(
    code: PartnerErrorCode,
    message: string,
    facts: { readonly refusal?: RefusalCode; readonly path?: string; readonly cause?: unknown } = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.refusal = facts.refusal
    this.path = facts.path
  }
}
