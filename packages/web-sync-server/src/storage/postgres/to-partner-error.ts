import { DatabaseError } from 'pg'
import { PartnerError } from '../../contract/index.ts'

/** SQLSTATEs after which the same transaction may succeed: https://www.postgresql.org/docs/15/errcodes-appendix.html */
const BUSY: ReadonlySet<string> = new Set([
  '23505', // unique_violation: somebody else wrote the same row at the same time; the next attempt sees it
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '57014', // query_canceled: the statement took too long
])

/** Classes that mean the same: connection exceptions, insufficient resources, operator intervention (shut down, starting up). */
const BUSY_CLASSES: ReadonlySet<string> = new Set(['08', '53', '57'])

/** The node became, or is, one that must not be written: read_only_sql_transaction. */
const READ_ONLY = '25006'

/** Unknown role or wrong password, no such database. */
const REFUSED: ReadonlySet<string> = new Set(['28000', '28P01', '3D000'])

/** Schema, table, column or function is missing, or may not be used. */
const NOT_MIGRATED: ReadonlySet<string> = new Set(['3F000', '42P01', '42703', '42883', '42501'])

/**
 * What the driver throws, as an error of ours where it is one that must be expected; anything else as it is. Only for errors of the
 * driver: without a SQLSTATE they say that the connection was lost or could not be had.
 */
export function toPartnerError(error: unknown): unknown {
  if (error instanceof PartnerError) return error
  const cause = error
  if (!(error instanceof DatabaseError)) {
    const reason = error instanceof Error && error.message !== '' ? error.message : 'no connection'
    return new PartnerError('busy', `the database cannot be reached (${reason}): nothing was stored, try again`, {
      cause,
    })
  }
  const code = error.code ?? ''
  if (code === READ_ONLY) return behind(cause)
  if (BUSY.has(code) || BUSY_CLASSES.has(code.slice(0, 2))) {
    return new PartnerError('busy', `the database gave up (${error.message}): nothing was stored, try again`, { cause })
  }
  if (REFUSED.has(code)) {
    return new PartnerError('invalid-option', `the database refuses the connection: ${error.message}`, { cause })
  }
  if (NOT_MIGRATED.has(code)) {
    const message = `the database is not prepared for this role (${error.message}): run web-sync-server migrate`
    return new PartnerError('unreadable', message, { cause })
  }
  return error
}

/** True if nothing more can be asked on the connection that threw this. */
export function isConnectionLost(error: unknown): boolean {
  return !(error instanceof DatabaseError) || error.severity === 'FATAL' || error.severity === 'PANIC'
}

/** The node is a standby, or was made read-only: it must not judge a key. */
export function behind(cause?: unknown): PartnerError {
  return new PartnerError('behind', 'this database is not the primary: ask another one, or wait', { cause })
}
