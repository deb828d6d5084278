/** Resolves after a while: the pace of people who write, and of those who look whether all agree. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
