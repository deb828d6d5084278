/** Runs a piece of work again and again, never twice at a time. */
export interface Coalescer {
  /** Something changed: the work will be done after this. */
  trigger(): void
  close(): void
}

/**
 * Does `work` after each {@link Coalescer.trigger}; triggers that come while it runs or rests are one. It rests as long as the work took
 * (at most `maxRestMs`), so that it never eats more than half of the worker while a first sync brings page after page.
 * `work` must not reject. It begins `leadMs` after the first trigger (default: at once).
 */
export function createCoalescer(work: () => Promise<void>, maxRestMs: number, leadMs = 0): Coalescer {
  let isDirty = false
  let isBusy = false
  let isClosed = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const go = async (): Promise<void> => {
    isBusy = true
    isDirty = false
    const startedAt = performance.now()
    await work()
    timer = setTimeout(rest, Math.min(maxRestMs, performance.now() - startedAt))
  }
  const rest = (): void => {
    isBusy = false
    if (isDirty && !isClosed) void go()
  }
  return {
    trigger: () => {
      isDirty = true
      if (isBusy || isClosed) return
      if (leadMs === 0) return void go()
      isBusy = true
      timer = setTimeout(rest, leadMs)
    },
    close: () => {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
