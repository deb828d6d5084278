/** Lets one task run at a time, in the order in which they came. */
export interface Mutex {
  /** Runs `task` when all earlier ones have ended, however they ended. */
  run<T>(task: () => Promise<T>): Promise<T>
}

/**
 * Creates a mutex. Each database has one: in WebKit a database locks up for good when a worker ends with two transactions in flight
 * on one store, one of them writing (WebKit bug 324094).
 */
export function createMutex(): Mutex {
  let tail: Promise<unknown> = Promise.resolve()
  return {
    run(task) {
      const result = tail.then(task)
      tail = result.catch(() => undefined)
      return result
    },
  }
}
