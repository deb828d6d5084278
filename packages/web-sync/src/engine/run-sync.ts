import {
  type Host,
  INITIAL_KEY,
  type InitiatorEffect,
  type InitiatorEvent,
  type InitiatorState,
  type Memory,
  type Progress,
  type ReplyLimit,
  stateFromMemory,
  transition,
  type WakeReason,
} from 'web-sync-protocol'
import type {
  Auth,
  AuthHeaders,
  Clock,
  ExchangeEntry,
  Lock,
  Random,
  ReceivedPage,
  StopSignal,
  SyncStore,
  Transport,
} from '../contract/index.ts'
import { composeAsk, type ComposedAsk } from './compose-ask.ts'
import { ExchangeLog } from './exchange-log.ts'
import { OpenReply } from './open-reply.ts'
import type { Pace } from './pace.ts'

/** What a run needs of its host. The engine owns no timers, listeners or globals. */
export interface SyncPorts {
  readonly store: SyncStore
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly lock: Lock
  /** Names the local database: one run at a time on it, whichever tab or worker it is in. */
  readonly lockName: string
  /** null: cookies prove who is asking. */
  readonly auth: Auth | null
  /** Bounds the asks that lead to nothing, over many runs. Default: they are not bounded. */
  readonly pace?: Pace
}

/** How a run is to be made. */
export interface SyncOptions {
  readonly reason: WakeReason
  readonly host: Host
  readonly limit: ReplyLimit
  /** True: give up at once if another context runs. Default false: wait for it, then look whether there is still something to do. */
  readonly ifAvailable?: boolean
  /** Ends the run after so many asks (a service worker's events are short). Default: no bound. */
  readonly maxExchanges?: number
  /** Ends the run before its next ask. */
  readonly signal?: StopSignal
  /** A timer has measured the wait until then, so it is over, whatever the clock says. Default: none was measured. */
  readonly waitedUntilMs?: number
  readonly onEvent?: (event: RunEvent) => void
}

/** What a run tells while it goes on. */
export type RunEvent =
  | { readonly type: 'state'; readonly state: InitiatorState }
  | { readonly type: 'progress'; readonly progress: Progress | null }
  /** An ask with these mutations is on its way. */
  | { readonly type: 'sending'; readonly mutationIds: readonly string[] }
  | { readonly type: 'exchange'; readonly entry: ExchangeEntry }
  | { readonly type: 'report'; readonly code: 'digest-mismatch' | 'degraded' | 'partner-replaced' }
  /** The store rejected; the machine goes on as after a failed transaction. */
  | { readonly type: 'fault'; readonly error: unknown }

/** How a run ended. */
export type RunResult =
  /** Another context holds the lock. */
  | { readonly type: 'busy' }
  | {
      readonly type: 'ended'
      readonly state: InitiatorState
      readonly exchanges: number
      /** True if nothing was left to send or to fetch. */
      readonly isUpToDate: boolean
      /** Milliseconds until it may go on: too many asks have led to nothing. Missing: nothing holds it back. */
      readonly pausedMs?: number
    }

/**
 * One run: exchanges until up to date, under one lock.
 *
 *     lock ─► read memory ─► wake ─► [ask ─► page ─► commit ─► … ─► reply ended]* ─► store memory ─► unlock
 *
 * It only carries out what {@link transition} decides and reports what came of it. What always holds: a page is one transaction, which
 * opens by comparing the stored key with the one that was sent, so a run may be killed between any two lines, or race with another one
 * that lost the lock's protection, and costs no more than a repeated request.
 *
 * Never rejects for what can go wrong outside; it rejects if the store cannot even be read (code 'closed', 'storage-failed').
 *
 * @example
 * const result = await runSync(ports, { reason: 'start', host: 'worker', limit: { changes: 5000, bytes: 4e6, pages: 100 } })
 */
export async function runSync(ports: SyncPorts, options: SyncOptions): Promise<RunResult> {
  const ifAvailable = options.ifAvailable ?? false
  const result = await ports.lock.hold(ports.lockName, { ifAvailable }, async () => {
    const { memory } = await ports.store.readState()
    ports.pace?.adopt(memory.idleAsks, ports.clock.nowMs())
    return new Run(ports, options, memory).go()
  })
  return result ?? { type: 'busy' }
}

/** True if the partner found the key invalid and has none of the checkpoints that were offered. */
function isWithoutGoal(event: InitiatorEvent): boolean {
  return event.type === 'problem' && event.problem.code === 'invalid-key' && event.problem.rollbackTo === null
}

/** They are counted beside the machine, and change with the clock alone. */
function withoutAsks(memory: Memory): Memory {
  const { idleAsks: _, ...machine } = memory
  return machine
}

class Run {
  readonly #ports: SyncPorts
  readonly #options: SyncOptions
  readonly #log: ExchangeLog
  #state: InitiatorState
  /** As JSON, what the store has of the machine's memory. */
  #stored: string
  #composed: ComposedAsk | null = null
  #reply: OpenReply | null = null
  #received: ReceivedPage | null = null
  #asks = 0
  #isUpToDate = false
  #pausedMs = 0

  constructor(ports: SyncPorts, options: SyncOptions, memory: Memory) {
    this.#ports = ports
    this.#options = options
    this.#state = stateFromMemory(memory)
    this.#stored = JSON.stringify(withoutAsks(memory))
    this.#log = new ExchangeLog(ports.clock, options.host, (entry) => this.#emit({ type: 'exchange', entry }))
  }

  async go(): Promise<RunResult> {
    const { reason, waitedUntilMs } = this.#options
    const waited = waitedUntilMs === undefined ? {} : { waitedUntilMs }
    // Another context may have sent the write while this one waited for the lock.
    if (reason === 'write' && this.#state.type === 'idle' && !(await this.#hasSendable())) {
      this.#isUpToDate = true
    } else {
      let event: InitiatorEvent | null = { type: 'wake', reason, nowMs: this.#ports.clock.nowMs(), ...waited }
      while (event !== null) event = await this.#take(event)
    }
    const paused = this.#pausedMs > 0 ? { pausedMs: this.#pausedMs } : {}
    return { type: 'ended', state: this.#state, exchanges: this.#asks, isUpToDate: this.#isUpToDate, ...paused }
  }

  /** One step of the machine: the state it leads to, its effects carried out, and the event that comes of them; null: the end. */
  async #take(event: InitiatorEvent): Promise<InitiatorEvent | null> {
    const step = transition(this.#state, event)
    this.#state = step.state
    this.#emit({ type: 'state', state: step.state })
    let next: InitiatorEvent | null = null
    for (const effect of step.effects) {
      if (effect.type === 'end') {
        await this.#end()
        return null
      }
      next = (await this.#perform(effect)) ?? next
    }
    return next ?? this.#readOn()
  }

  async #perform(effect: Exclude<InitiatorEffect, { type: 'end' }>): Promise<InitiatorEvent | null> {
    switch (effect.type) {
      case 'ask':
        return this.#ask(effect.maxMutations, effect.withDigest)
      case 'commitPage':
        return this.#commitPage()
      case 'refreshAuth':
        return this.#refreshAuth()
      case 'rollBack':
        return this.#rollBack(effect)
      case 'beginResync':
        return this.#beginResync(effect)
      case 'setAside':
        await this.#orNull(this.#ports.store.setAside(effect.mutationId, effect.code))
        return null
      case 'removeAccess':
        await this.#orNull(this.#ports.store.removeAccess((this.#composed as ComposedAsk).fence))
        return null
      case 'report':
        this.#emit({ type: 'report', code: effect.code })
        return null
    }
  }

  async #end(): Promise<void> {
    this.#reply?.cancel()
    this.#log.end('stopped')
    const isUpToDate = this.#state.type === 'idle' && this.#isUpToDate
    await this.#storeMemory(isUpToDate ? this.#ports.clock.nowMs() : null)
  }

  // --- asking

  async #ask(maxMutations: number | null, withDigest: boolean): Promise<InitiatorEvent> {
    this.#dropReply('stale')
    if (this.#options.signal?.aborted === true || this.#asks >= (this.#options.maxExchanges ?? Infinity)) {
      return { type: 'stop' }
    }
    if (this.#isPaused(1)) return { type: 'stop' }
    const { store, random } = this.#ports
    const { host, limit } = this.#options
    const headers = await this.#getHeaders(false)
    if (headers === 'failed') return this.#failed('network')
    if (headers === null) return { type: 'authRefreshed', isSignedIn: false }
    const parts = { host, limit, maxMutations, withDigest, withAllHave: false }
    const composed = await this.#orNull(composeAsk(store, random, parts))
    if (composed === null) return this.#failed('storage')
    // It may have to be made a second time at once, with all that the initiator has.
    if (composed.isHaveCut && this.#isPaused(2)) return { type: 'stop' }
    const event = await this.#send(composed, headers)
    if (!composed.isHaveCut || !isWithoutGoal(event)) return event
    // The partner knows none of the few checkpoints that were offered; it may know an older one.
    const complete = await this.#orNull(composeAsk(store, random, { ...parts, withAllHave: true }))
    return complete === null ? this.#failed('storage') : this.#send(complete, headers)
  }

  async #send(composed: ComposedAsk, headers: AuthHeaders): Promise<InitiatorEvent> {
    const { ask, isSettled } = composed
    this.#composed = composed
    if (!this.#isOpening()) this.#ports.pace?.take(this.#ports.clock.nowMs())
    this.#asks += 1
    this.#log.begin(composed)
    // Told to the machine before the answer can come, since what an answer means depends on what was sent.
    const { length: mutations } = ask.mutations
    const firstMutation = ask.mutations[0]?.mutationId ?? null
    this.#state = transition(this.#state, { type: 'sent', mutations, firstMutation, isSettled }).state
    this.#emit({ type: 'sending', mutationIds: ask.mutations.map((mutation) => mutation.mutationId) })
    const answer = await this.#ports.transport.send(ask, headers)
    if (answer.type === 'failed') return this.#failed(answer.reason)
    if (answer.type === 'problem') {
      this.#log.end(
        'reason' in answer.problem ? `${answer.problem.code} ${answer.problem.reason}` : answer.problem.code,
      )
      return { type: 'problem', problem: answer.problem, retryAfterMs: answer.retryAfterMs, ...this.#chance() }
    }
    if (!OpenReply.isAnswerTo(composed, answer.head)) {
      answer.pages.cancel()
      return this.#failed('not-our-partner')
    }
    this.#reply = new OpenReply(composed, answer.head, answer.pages)
    return this.#readOn()
  }

  /** The next page of the reply that is open, or its end. */
  async #readOn(): Promise<InitiatorEvent> {
    const reply = this.#reply
    // No effect and nothing to read would be a machine that waits for nobody.
    if (reply === null) return { type: 'stop' }
    this.#received = await reply.next()
    if (this.#received !== null) return { type: 'page' }
    const end = reply.end()
    this.#reply = null
    // Also where not a single page came after the head: a partner that one mutation makes crash would look just like that.
    if (end.type === 'empty' || end.type === 'broken') return this.#failed('server-error')
    if (end.type === 'later') return this.#failed('busy')
    this.#log.end('ok')
    const hasMore = end.hasMore || (await this.#hasSendable())
    this.#isUpToDate = !hasMore
    return { type: 'replyEnded', hasMore }
  }

  async #commitPage(): Promise<InitiatorEvent> {
    const reply = this.#reply as OpenReply
    const received = this.#received as ReceivedPage
    const committing = this.#ports.store.commitPage(reply.fence, received)
    reply.readAhead()
    const result = (await this.#orNull(committing)) ?? 'failed'
    if (result === 'applied') {
      reply.advance()
      this.#log.page(received)
      this.#noteProgress(received)
      this.#comparePartner(received)
      this.#emit({ type: 'progress', progress: received.page.progress })
    } else {
      this.#dropReply(result)
    }
    return { type: 'committed', result, ...this.#chance() }
  }

  /** Another database answers at this address than before: all goes on, by its keys. Told once, for the page's transaction has stored the id. */
  #comparePartner({ partnerId = null }: ReceivedPage): void {
    const composed = this.#composed as ComposedAsk
    const isOther = composed.partnerId !== null && partnerId !== null && partnerId !== composed.partnerId
    if (isOther) this.#emit({ type: 'report', code: 'partner-replaced' })
    this.#composed = { ...composed, partnerId: partnerId ?? composed.partnerId }
  }

  #dropReply(result: string): void {
    this.#reply?.cancel()
    if (this.#reply !== null) this.#log.end(result)
    this.#reply = null
  }

  async #hasSendable(): Promise<boolean> {
    const mutations = await this.#orNull(this.#ports.store.readOutbox({ mutations: 1, bytes: 1 }))
    return mutations !== null && mutations.length > 0
  }

  // --- signing

  async #refreshAuth(): Promise<InitiatorEvent> {
    const headers = await this.#getHeaders(true)
    if (headers === 'failed') return this.#failed('network')
    return { type: 'authRefreshed', isSignedIn: headers !== null && this.#ports.auth !== null }
  }

  /** An app whose token endpoint is out of reach throws: that is the network's fault, not a sign-out. */
  async #getHeaders(isRefresh: boolean): Promise<AuthHeaders | null | 'failed'> {
    const { auth } = this.#ports
    if (auth === null) return {}
    try {
      return await auth.getHeaders(isRefresh)
    } catch {
      return 'failed'
    }
  }

  // --- pace

  /** The first ask of a tab that a person has opened: it is no answer to anything, so it neither waits for room nor takes any. */
  #isOpening(): boolean {
    return this.#options.reason === 'start' && this.#asks === 0
  }

  /** What a person asks for is not held up. */
  #isPaused(asks: number): boolean {
    const waitMs = this.#ports.pace?.waitMs(this.#ports.clock.nowMs(), asks) ?? 0
    const isAskedFor = this.#isOpening() || (this.#options.reason === 'retry' && this.#asks === 0)
    if (waitMs === 0 || isAskedFor) return false
    this.#pausedMs = waitMs
    this.#isUpToDate = false
    return true
  }

  /** A change, an outcome of ours, or a key that is settled now and was not. */
  #noteProgress({ page }: ReceivedPage): void {
    const isSettledNow = page.settled && this.#composed?.isSettled === false
    const sent = new Set(this.#composed?.ask.mutations.map(({ mutationId }) => mutationId))
    const outcomes = page.outcomes.filter(({ type, mutationId }) => type !== 'later' && sent.has(mutationId))
    if (page.changes.length + outcomes.length > 0 || isSettledNow) this.#ports.pace?.refill({ ...page, outcomes })
  }

  // --- resets

  async #rollBack(effect: Extract<InitiatorEffect, { type: 'rollBack' }>): Promise<InitiatorEvent> {
    const { fence } = this.#composed as ComposedAsk
    const result = (await this.#orNull(this.#ports.store.rollBack(fence, effect.to))) ?? 'failed'
    if (result === 'done') {
      this.#log.reset(fence.key, effect.to, effect.to.partnershipId, `rollback to ${effect.to.n}`)
      await this.#storeMemory(null)
    }
    return { type: 'rolledBack', result, ...this.#chance() }
  }

  async #beginResync(effect: Extract<InitiatorEffect, { type: 'beginResync' }>): Promise<InitiatorEvent> {
    const { fence } = this.#composed as ComposedAsk
    const result = (await this.#orNull(this.#ports.store.beginResync(fence, effect.reset, effect.cause))) ?? 'failed'
    if (result === 'done') {
      this.#log.reset(fence.key, INITIAL_KEY, null, `resync ${effect.cause}`)
      await this.#storeMemory(null)
    }
    return { type: 'resyncBegun', result, ...this.#chance() }
  }

  // --- small things

  /** Stored at the end and after each reset, so that a killed run does not forget how many there were. */
  async #storeMemory(syncedAtMs: number | null): Promise<void> {
    const { pace, clock, store } = this.#ports
    const memory = withoutAsks(this.#state.memory)
    const exchanges = this.#log.take()
    const text = JSON.stringify(memory)
    // A write that comes while the partner is out of reach wakes a run that does nothing.
    if (exchanges.length === 0 && syncedAtMs === null && text === this.#stored) return
    this.#stored = text
    const idleAsks = pace?.read(clock.nowMs())
    const whole = idleAsks === undefined ? memory : { ...memory, idleAsks }
    if ((await this.#orNull(store.writeMemory(whole, { exchanges, syncedAtMs }))) !== null) pace?.stored()
  }

  #failed(reason: 'network' | 'timeout' | 'not-our-partner' | 'busy' | 'server-error' | 'storage'): InitiatorEvent {
    this.#log.end(reason)
    return { type: 'failed', reason, ...this.#chance() }
  }

  #chance(): { nowMs: number; random: number } {
    return { nowMs: this.#ports.clock.nowMs(), random: this.#ports.random.fraction() }
  }

  /** A store that fails (quota, a broken database) is an outcome to the machine, not an exception; the app is told what it was. */
  async #orNull<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work
    } catch (error) {
      this.#emit({ type: 'fault', error })
      return null
    }
  }

  #emit(event: RunEvent): void {
    this.#options.onEvent?.(event)
  }
}
