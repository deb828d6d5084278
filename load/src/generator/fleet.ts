import type { Agent } from 'node:http'
import { Durations, type Percentiles } from '../histogram.ts'
import { openAgent, postAsk } from './http.ts'
import { inParallel } from './in-parallel.ts'
import { type NudgeStream, openStream } from './nudge-stream.ts'
import { Replica } from './replica.ts'

/** First syncs and streams that are under way at once while a fleet is set up. */
const SETUP_WIDTH = 64
/** Asks of one run: more than any replica here needs. */
const MAX_ASKS = 50
/** Faults that are told in full. */
const MAX_FAULTS = 10

/** What a fleet has seen since the last reset. */
export interface FleetFigures {
  readonly seenMs: Percentiles
  readonly exchanges: number
  readonly idle: number
  readonly pushes: number
  readonly pulls: number
  readonly changes: number
  readonly accepted: number
  readonly refused: number
  readonly nudges: number
  /** Replicas that had to begin again: retention was shorter than they were away. */
  readonly resyncs: number
  readonly errors: number
  readonly faults: readonly string[]
}

/** Many replicas in one process. */
export class Fleet {
  readonly replicas: readonly Replica[]
  readonly #port: () => number
  readonly #agent: Agent = openAgent()
  readonly #seen = new Durations()
  readonly #busy = new Set<Replica>()
  readonly #nudged = new Set<Replica>()
  readonly #streams = new Map<Replica, NudgeStream>()
  #counts = noCounts()
  #faults: string[] = []
  #next = 0
  #onCalm: () => void = () => undefined
  #isNudgedTurn = false

  /** `port`: where the server listens now. */
  constructor(clients: number, members: number, port: () => number) {
    this.#port = port
    this.replicas = Array.from(
      { length: clients },
      (_, index) => new Replica(`client-${index}`, `space-${Math.floor(index / members)}`),
    )
  }

  get openStreams(): number {
    return this.#streams.size
  }

  get underWay(): number {
    return this.#busy.size
  }

  /** Every replica's first sync. Throws if one fails: nothing is wrong yet. */
  async syncAll(): Promise<void> {
    await inParallel(this.replicas, SETUP_WIDTH, async (replica) => {
      if (!(await this.run(replica))) throw new Error(`a run failed while nothing is wrong: ${this.#faults.join('; ')}`)
    })
  }

  /** Opens the nudge streams of the first so many replicas. */
  async openAllStreams(count: number): Promise<void> {
    await inParallel(this.replicas.slice(0, count), SETUP_WIDTH, (replica) => this.openStream(replica))
  }

  /** Opens a replica's stream, or opens it again. */
  async openStream(replica: Replica): Promise<void> {
    const onNudge = (): void => {
      this.#counts.nudges += 1
      this.#nudged.add(replica)
    }
    const stream = await openStream(this.#port(), replica, onNudge, () => this.#streams.delete(replica))
    this.#streams.set(replica, stream)
  }

  /** Whose turn it is: every second time one that was nudged, else the next in the round; null: all are busy. */
  pick(): Replica | null {
    this.#isNudgedTurn = !this.#isNudgedTurn
    if (this.#isNudgedTurn) {
      for (const replica of this.#nudged) {
        if (this.#busy.has(replica)) continue
        this.#nudged.delete(replica)
        return replica
      }
    }
    for (let tries = 0; tries < this.replicas.length; tries += 1) {
      const replica = this.replicas[this.#next % this.replicas.length]
      this.#next += 1
      if (replica !== undefined && !this.#busy.has(replica)) return replica
    }
    return null
  }

  /** One run of a replica: asks until there is nothing more. `dueAt`: when it should have begun (performance.now()). False: it failed. */
  async run(replica: Replica, dueAt: number = performance.now()): Promise<boolean> {
    this.#busy.add(replica)
    this.#nudged.delete(replica)
    try {
      let beganAt = dueAt
      for (let asks = 0; asks < MAX_ASKS; asks += 1) {
        if (!(await this.#exchange(replica, beganAt))) return true
        beganAt = performance.now()
      }
      throw new Error(`more than ${MAX_ASKS} asks`)
    } catch (error) {
      this.#counts.errors += 1
      if (this.#faults.length < MAX_FAULTS) this.#faults.push(String(error))
      return false
    } finally {
      this.#busy.delete(replica)
      if (this.#busy.size === 0) this.#onCalm()
    }
  }

  /** Resolves when no run is under way. */
  async untilCalm(): Promise<void> {
    while (this.#busy.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onCalm = resolve
      })
    }
  }

  /** What was seen since the last reset. */
  read(isReset: boolean): FleetFigures {
    const figures = { seenMs: this.#seen.read(), ...this.#counts, faults: this.#faults }
    if (isReset) {
      this.#seen.reset()
      this.#counts = noCounts()
      this.#faults = []
    }
    return figures
  }

  /** Spaces whose replicas do not all stand at the same records, by the digest that the partner gave with their keys; and what waits. */
  countDiffering(): { readonly spaces: number; readonly pending: number } {
    const digestBySpace = new Map<string, string>()
    const differing = new Set<string>()
    let pending = 0
    for (const { space, digest, pending: own } of this.replicas) {
      pending += own
      const text = JSON.stringify(digest)
      const other = digestBySpace.get(space) ?? text
      digestBySpace.set(space, other)
      if (other !== text || digest === null) differing.add(space)
    }
    return { spaces: differing.size, pending }
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close()
    this.#agent.destroy()
  }

  /** True if there is more. */
  async #exchange(replica: Replica, beganAt: number): Promise<boolean> {
    const isPush = replica.pending > 0
    const { status, text } = await postAsk(this.#agent, this.#port(), replica.account, replica.compose())
    if (status === 409 || status === 410) {
      this.#counts.resyncs += 1
      replica.beginAgain()
      return true
    }
    if (status !== 200) throw new Error(`${status} ${text.slice(0, 200)}`)
    const { changes, accepted, refused, hasMore } = replica.take(text)
    this.#seen.add(performance.now() - beganAt)
    const counts = this.#counts
    counts.exchanges += 1
    counts.changes += changes
    counts.accepted += accepted
    counts.refused += refused
    if (isPush) counts.pushes += 1
    else if (changes > 0) counts.pulls += 1
    else counts.idle += 1
    return hasMore
  }
}

interface Counts {
  exchanges: number
  idle: number
  pushes: number
  pulls: number
  changes: number
  accepted: number
  refused: number
  nudges: number
  resyncs: number
  errors: number
}

function noCounts(): Counts {
  return {
    exchanges: 0,
    idle: 0,
    pushes: 0,
    pulls: 0,
    changes: 0,
    accepted: 0,
    refused: 0,
    nudges: 0,
    resyncs: 0,
    errors: 0,
  }
}
