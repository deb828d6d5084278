import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Percentiles of durations, in milliseconds. */
export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Durations, counted in buckets of three significant figures: memory does not grow with the run. */
export class Durations {
  readonly #histogram: RecordableHistogram = createHistogram()

  /** Records one, in milliseconds. */
  add(ms: number): void {
    // Whole microseconds; a histogram knows no 0.
    this.#histogram.record(Math.max(1, Math.round(ms * 1_000)))
  }

  /** Forgets all. */
  reset(): void {
    this.#histogram.reset()
  }

  read(): Percentiles {
    const { count } = this.#histogram
    const at = (percentile: number): number =>
      count === 0 ? 0 : Math.round(this.#histogram.percentile(percentile) / 10) / 100
    return { count, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) }
  }
}
