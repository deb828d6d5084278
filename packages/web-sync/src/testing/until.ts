/**
 * Waits for the thing itself: resolves with the first value of an observable (a status, a list, a live query) that `check` says true of.
 *
 * @example
 * await until(space.status, ({ pending }) => pending === 0)
 */
export async function until<T>(
  observable: { readonly subscribe: (listener: (value: T) => void) => () => void },
  check: (value: T) => boolean,
): Promise<T> {
  const { promise, resolve } = makePromise<T>()
  const stop = observable.subscribe((value) => (check(value) ? resolve(value) : undefined))
  const value = await promise
  stop()
  return value
}

function makePromise<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  const parts: { resolve?: (value: T) => void } = {}
  const promise = new Promise<T>((resolve) => (parts.resolve = resolve))
  return { promise, resolve: (value) => parts.resolve?.(value) }
}
