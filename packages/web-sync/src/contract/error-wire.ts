import { SyncError, type SyncErrorCode } from './errors.ts'

/** A {@link SyncError} as plain data: structured clone and comlink keep neither class nor fields of an error. */
export interface ErrorWire {
  readonly code: SyncErrorCode
  readonly message: string
  readonly path: string | undefined
  readonly refusal: string | undefined
  /** Text of the cause, for logs. */
  readonly cause: string | undefined
}

/** Any thrown value as plain data. What is no {@link SyncError} is a bug: code `internal`, with the text of the cause. */
export function encodeError(error: unknown): ErrorWire {
  if (!(error instanceof SyncError)) {
    const cause = textOf(error)
    return { code: 'internal', message: `web-sync failed: ${cause}`, path: undefined, refusal: undefined, cause }
  }
  const { code, message, path, refusal } = error
  return { code, message, path, refusal, cause: error.cause === undefined ? undefined : textOf(error.cause) }
}

/** The error that {@link encodeError} wrote. */
export function decodeError({ code, message, ...facts }: ErrorWire): SyncError {
  return new SyncError(code, message, facts)
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.stack ?? `${error.name}: ${error.message}`
}
