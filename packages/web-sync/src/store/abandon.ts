import { SyncError, type SyncErrorCode } from '../contract/index.ts'

/** Thrown inside a transaction to end it without effect and to answer with a value. */
export class Abandon<Result> extends Error {
  readonly result: Result

  constructor(result: Result) {
    super('the transaction was abandoned on purpose')
    this.result = result
  }
}

/** What was abandoned with is the answer; anything else is thrown on. */
export async function orAbandoned<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Abandon) return error.result as Result
    throw error
  }
}

/** True for a failure of the device: nothing was changed, and it may work later. */
export function isStorageFailure(error: unknown): boolean {
  return error instanceof SyncError && FAILURES.includes(error.code)
}

const FAILURES: readonly SyncErrorCode[] = ['quota-exceeded', 'storage-failed', 'storage-forbidden']
