/** Says that a wait was longer than allowed. */
export const TIMED_OUT: unique symbol = Symbol('timed out')

/**
 * What `work` gives, or {@link TIMED_OUT} after `ms` milliseconds. Our own flag, never the name of an error: an aborted body is a
 * TimeoutError in one engine and an AbortError in two. `work` goes on; whoever started it ends it.
 */
export function withDeadline<T>(work: Promise<T>, ms: number): Promise<T | typeof TIMED_OUT> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(TIMED_OUT), ms)
    void work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
