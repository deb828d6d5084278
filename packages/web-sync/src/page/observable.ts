/** Something that changes; fits React's `useSyncExternalStore`, and any framework's like. */
export interface Observable<T> {
  /** The value as it is; the same object until it changes. */
  readonly getSnapshot: () => T
  /** Calls `listener` soon, if there is a value already, and after each change; returns how to stop. */
  readonly subscribe: (listener: (value: T) => void) => () => void
}

/** How an {@link Observable} is fed. */
export interface ObservableSource<T> extends Observable<T> {
  readonly set: (value: T) => void
  /** True if somebody listens. */
  readonly hasListeners: () => boolean
}

/**
 * @param isLoaded says whether a value is worth telling; default: always
 * @param onUsed called with true when the first listener comes, with false when the last one goes
 */
export function createObservable<T>(
  initial: T,
  isLoaded: (value: T) => boolean = () => true,
  onUsed: (isUsed: boolean) => void = () => undefined,
): ObservableSource<T> {
  let value = initial
  // Wrapped, so that the same function may listen twice.
  const listeners = new Set<{ readonly notify: (value: T) => void }>()
  return {
    getSnapshot: () => value,
    hasListeners: () => listeners.size > 0,
    set: (next) => {
      value = next
      for (const { notify } of listeners) notify(value)
    },
    subscribe: (notify) => {
      const listener = { notify }
      listeners.add(listener)
      if (listeners.size === 1) onUsed(true)
      queueMicrotask(() => {
        if (listeners.has(listener) && isLoaded(value)) notify(value)
      })
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) onUsed(false)
      }
    },
  }
}
