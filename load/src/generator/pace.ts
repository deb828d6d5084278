/** How often what is due is looked at. */
const TICK_MS = 4

/**
 * Calls `begin` `perSecond` times a second for a time, at random moments (a Poisson process), whatever became of the calls before: a slow
 * server does not slow its clients. `begin` gets the moment at which the call was due (performance.now()).
 */
export async function atRate(perSecond: number, forMs: number, begin: (dueAt: number) => void): Promise<void> {
  const endsAt = performance.now() + forMs
  let dueAt = performance.now() + pause(perSecond)
  while (dueAt < endsAt) {
    while (dueAt <= performance.now() && dueAt < endsAt) {
      begin(dueAt)
      dueAt += pause(perSecond)
    }
    await tick()
  }
}

/** Milliseconds until the next call. */
function pause(perSecond: number): number {
  return (-Math.log(1 - Math.random()) / perSecond) * 1_000
}

function tick(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, TICK_MS)
  })
}
