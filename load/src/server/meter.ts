import type { IncomingMessage, ServerResponse } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { PartnerEvent } from 'web-sync-server'
import { Durations, type Percentiles } from '../histogram.ts'
import type { Snapshot } from './messages.ts'

/** The platform's type has no name that is exported. */
type LoopHistogram = ReturnType<typeof monitorEventLoopDelay>

const MIB = 1_048_576
/** Faults that are told in full; the rest is counted in the statuses. */
const MAX_FAULTS = 10

/** Counts what the server does, from inside: the generator shares the cores, so what it sees is not the server's time. */
export class Meter {
  readonly #own = new Durations()
  readonly #commit = new Durations()
  readonly #loop: LoopHistogram = monitorEventLoopDelay({ resolution: 5 })
  #cases: Record<string, number> = {}
  #statuses: Record<string, number> = {}
  #faults: string[] = []
  #cpuBefore = process.cpuUsage()
  #sinceMs = performance.now()
  #streams = 0

  constructor() {
    this.#loop.enable()
  }

  /** Called when a request's head has come. */
  watch(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (incoming.method !== 'POST') {
      this.#streams += 1
      outgoing.once('close', () => (this.#streams -= 1))
      return
    }
    const startedAt = performance.now()
    outgoing.once('finish', () => {
      this.#own.add(performance.now() - startedAt)
      this.#statuses[outgoing.statusCode] = (this.#statuses[outgoing.statusCode] ?? 0) + 1
    })
  }

  /** What the partner tells. */
  hear(event: PartnerEvent): void {
    if (event.type === 'exchange') {
      this.#commit.add(event.tookMs)
      const name = event.problem ?? event.case ?? 'none'
      this.#cases[name] = (this.#cases[name] ?? 0) + 1
    }
    if (event.type === 'error' && this.#faults.length < MAX_FAULTS) {
      this.#faults.push(`${event.where}: ${String(event.error)}`)
    }
  }

  read(isReset: boolean): Snapshot {
    const { rss, heapUsed, external } = process.memoryUsage()
    const { user, system } = process.cpuUsage(this.#cpuBefore)
    const snapshot: Snapshot = {
      ownMs: this.#own.read(),
      commitMs: this.#commit.read(),
      loopMs: readLoop(this.#loop),
      exchangesByCase: this.#cases,
      statuses: this.#statuses,
      faults: this.#faults,
      rssMiB: Math.round(rss / MIB),
      heapMiB: Math.round(heapUsed / MIB),
      externalMiB: Math.round(external / MIB),
      cpu: Math.round((user + system) / (performance.now() - this.#sinceMs) / 10) / 100,
      openStreams: this.#streams,
    }
    if (isReset) this.#reset()
    return snapshot
  }

  #reset(): void {
    this.#own.reset()
    this.#commit.reset()
    this.#loop.reset()
    this.#cases = {}
    this.#statuses = {}
    this.#faults = []
    this.#cpuBefore = process.cpuUsage()
    this.#sinceMs = performance.now()
  }
}

function readLoop(loop: LoopHistogram): Percentiles {
  const at = (percentile: number): number => Math.round(loop.percentile(percentile) / 10_000) / 100
  const { count } = loop
  return { count, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) }
}
