/** Says that a wait was longer than allowed. */
export const TIMED_OUT: unique symbol = Symbol('timed out')

/**
 * What `work` gives, or {@link TIMED_OUT} after `ms` milliseconds. Our own flag, never the name of an error: an aborted body is a
 * TimeoutError in one engine and an AbortError in two. `work` goes on; whoever started it ends it.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T | typeof TIMED_OUT> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<typeof TIMED_OUT>((resolve) => {
    timer = setTimeout(() => resolve(TIMED_OUT), ms)
  })
  // If the deadline is first, nobody listens to the work any more: its failure is no news.
  work.catch(() => undefined)
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
