/** Runs a piece of work again and again, never twice at a time. */
export interface Coalescer {
  /** Something changed: the work will be done after this. */
  trigger(): void
  /** As trigger, and at once: as soon as the work that is under way is done. */
  hurry(): void
  close(): void
}

/** How often a {@link Coalescer} works. */
export interface Pace {
  /** It rests as long as the work took, so that it never eats more than half of the worker, but at most so many milliseconds. */
  readonly maxRestMs: number
  /** So many milliseconds pass between a trigger and the work, and between two pieces of work. Default: 0, the first is done at once. */
  readonly minRestMs?: () => number
}

/** Does `work` after each {@link Coalescer.trigger}; triggers that come while it runs or rests are one. `work` must not reject. */
export function createCoalescer(work: () => Promise<void>, { maxRestMs, minRestMs = () => 0 }: Pace): Coalescer {
  let isDirty = false
  let isAtWork = false
  let isHurried = false
  let isClosed = false
  /** undefined: it does not rest. */
  let timer: ReturnType<typeof setTimeout> | undefined

  const go = async (): Promise<void> => {
    isAtWork = true
    isDirty = false
    isHurried = false
    const startedAt = performance.now()
    await work()
    isAtWork = false
    rest(isHurried ? 0 : Math.max(minRestMs(), Math.min(maxRestMs, performance.now() - startedAt)))
  }
  const rest = (ms: number): void => {
    timer = setTimeout(() => {
      timer = undefined
      if (isDirty && !isClosed) void go()
    }, ms)
  }
  return {
    trigger: () => {
      isDirty = true
      if (isAtWork || timer !== undefined || isClosed) return
      const leadMs = minRestMs()
      if (leadMs === 0) void go()
      else rest(leadMs)
    },
    hurry: () => {
      isDirty = true
      isHurried = true
      if (isAtWork || isClosed) return
      clearTimeout(timer)
      timer = undefined
      void go()
    },
    close: () => {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
