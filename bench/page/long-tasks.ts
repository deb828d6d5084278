/** A task may be as long as this before a person feels it. */
const UNFELT_MS = 50

/** Collects the page's long tasks from now on; `stop` gives the milliseconds beyond 50 of each, summed. */
export function watchLongTasks(): { stop(): number } {
  let blockedMs = 0
  const add = (entries: PerformanceEntryList): void => {
    for (const { duration } of entries) blockedMs += Math.max(0, duration - UNFELT_MS)
  }
  const observer = new PerformanceObserver((list) => add(list.getEntries()))
  observer.observe({ type: 'longtask' })
  return {
    stop: () => {
      add(observer.takeRecords())
      observer.disconnect()
      return blockedMs
    },
  }
}
