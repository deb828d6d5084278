/** Milliseconds between two lines where the output is no terminal. */
const PLAIN_MS = 15_000
/** Milliseconds between two pictures of the bar. */
const BAR_MS = 200

/** Shows how far a run is, on stderr: a bar in a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #total: number
  readonly #unit: string
  readonly #startedAt = performance.now()
  #shownAt = 0

  constructor(total: number, unit: string) {
    this.#total = total
    this.#unit = unit
  }

  /** So much is done. `note`: what else there is to say. */
  show(done: number, note: string): void {
    const now = performance.now()
    const isTerminal = process.stderr.isTTY
    if (now - this.#shownAt < (isTerminal ? BAR_MS : PLAIN_MS)) return
    this.#shownAt = now
    const seconds = (now - this.#startedAt) / 1000
    const rate = done / Math.max(seconds, 0.001)
    const share = Math.min(1, done / this.#total)
    const left = rate > 0 ? Math.max(0, (this.#total - done) / rate) : 0
    const text = `${done} of ${this.#total} ${this.#unit}, ${rate.toFixed(0)}/s, ${left.toFixed(0)} s left${note}`
    if (isTerminal) process.stderr.write(`\r\u001b[K[${bar(share)}] ${text}`)
    else process.stderr.write(`${(share * 100).toFixed(0).padStart(3)} %  ${text}\n`)
  }

  /** The bar goes away. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  }
}

function bar(share: number): string {
  const width = 24
  const full = Math.round(share * width)
  return '█'.repeat(full) + '·'.repeat(width - full)
}
