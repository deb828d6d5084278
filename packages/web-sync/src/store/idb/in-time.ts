/** Starts a timer; returns what stops it. */
export type StartTimer = (ms: number, fire: () => void) => () => void

/** The platform’s timer. */
export const startPlatformTimer: StartTimer = (ms, fire) => {
  const timer = setTimeout(fire, ms)
  return () => clearTimeout(timer)
}

/** What a promise resolves with; null: it had not after so many milliseconds, and is not waited for any more. */
export function inTime<T>(promise: Promise<T>, ms: number, startTimer: StartTimer): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const stopTimer = startTimer(ms, () => resolve(null))
    void promise.then(resolve, reject).finally(stopTimer)
  })
}
