/** Opens or shuts the server's gate: shut, it answers 503, and the contestant is offline. */
export async function setGate(isOpen: boolean): Promise<void> {
  await fetch(`/bench/gate?open=${isOpen ? '1' : '0'}`)
}

/** Lets the server change its first `count` records. */
export async function orderChange(count: number, round: string): Promise<void> {
  await fetch(`/bench/change?count=${count}&round=${round}`)
}
