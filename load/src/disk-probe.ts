import { open, rm } from 'node:fs/promises'
import { Durations, type Percentiles } from './histogram.ts'

/** Between two looks: rare enough not to be a load itself. */
const EVERY_MS = 250
const BYTES = 4_096

/** How long the disk takes for what a commit asks of it, beside the measurement: what it takes, no server can give back. */
export class DiskProbe {
  readonly #durations = new Durations()
  readonly #path: string
  #isOn = true
  #running: Promise<void> = Promise.resolve()

  /** `path`: of a file beside the database, made and removed by the probe. */
  constructor(path: string) {
    this.#path = path
  }

  /** Begins to look. */
  start(): void {
    this.#running = this.#run()
  }

  /** Ends; what was seen. */
  async stop(): Promise<Percentiles> {
    this.#isOn = false
    await this.#running
    return this.#durations.read()
  }

  async #run(): Promise<void> {
    const file = await open(this.#path, 'a')
    const block = Buffer.alloc(BYTES)
    while (this.#isOn) {
      const startedAt = performance.now()
      await file.write(block)
      await file.datasync()
      this.#durations.add(performance.now() - startedAt)
      await new Promise((resolve) => {
        setTimeout(resolve, EVERY_MS)
      })
    }
    await file.close()
    await rm(this.#path)
  }
}
