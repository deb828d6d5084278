import { type ReachTarget, type RefusalReason, type Store, SyncError, type WriteStage } from '../contract/index.ts'

interface Wait {
  readonly target: ReachTarget
  readonly resolve: () => void
  readonly reject: (error: SyncError) => void
}

/** What waits look at. */
export interface WaitsParts {
  readonly store: Pick<Store, 'readStage' | 'readSummary' | 'readRefusal'>
  /** True if this context knows that the browser threw writes away, which the store itself cannot tell. */
  readonly isEvicted: () => boolean
}

/**
 * Who waits for what a mutation becomes. Survives a reload, because a wait is only a look into the store, repeated.
 *
 * A wait resolves only by what the store says of the mutation. Where it says nothing the wait goes on as long as something is kept that
 * may say it (an older database that is not read yet); else it rejects with the code of what took the mutation away (docs/writes.md).
 */
export class WriteWaits {
  readonly #parts: WaitsParts
  readonly #waitsById = new Map<string, Set<Wait>>()
  /** Looks are made one after the other, or an old stage could be judged after a new one. */
  #checking: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(parts: WaitsParts) {
    this.#parts = parts
  }

  /** Resolves when the mutation has reached `target`. Errors: see {@link SpaceApi.reach}. */
  async reach(mutationId: string, target: ReachTarget): Promise<void> {
    if (this.#isClosed) throw closed()
    return new Promise<void>((resolve, reject) => {
      const waits = this.#waitsById.get(mutationId) ?? new Set()
      this.#waitsById.set(mutationId, waits.add({ target, resolve, reject }))
      this.#check(mutationId, 'unknown')
    })
  }

  /** The stages of these mutations changed. */
  notice(mutations: readonly { readonly mutationId: string; readonly stage: WriteStage }[]): void {
    for (const { mutationId, stage } of mutations) if (this.#waitsById.has(mutationId)) this.#check(mutationId, stage)
  }

  /** The store is another one, or has taken what another one left: all that wait look again. */
  recheck(): void {
    for (const mutationId of this.#waitsById.keys()) this.#check(mutationId, 'unknown')
  }

  /** All that wait are told `closed`. */
  close(): void {
    this.#isClosed = true
    for (const waits of this.#waitsById.values()) for (const wait of waits) wait.reject(closed())
    this.#waitsById.clear()
  }

  /** `noticed`: what a complete transaction made of it; it may be forgotten by the time that it is looked for. */
  #check(mutationId: string, noticed: WriteStage): void {
    this.#checking = this.#checking.then(() => this.#checkNow(mutationId, noticed))
  }

  async #checkNow(mutationId: string, noticed: WriteStage): Promise<void> {
    const waits = this.#waitsById.get(mutationId)
    if (waits === undefined) return
    try {
      const judge = await this.#findJudge(mutationId, noticed)
      for (const wait of waits) this.#settle(waits, wait, judge(wait.target))
    } catch (error) {
      for (const wait of waits) this.#settle(waits, wait, asSyncError(error))
    }
    if (waits.size === 0) this.#waitsById.delete(mutationId)
  }

  #settle(waits: Set<Wait>, wait: Wait, verdict: Verdict): void {
    if (verdict === 'pending') return
    if (verdict === 'reached') wait.resolve()
    else wait.reject(verdict)
    waits.delete(wait)
  }

  async #findJudge(mutationId: string, noticed: WriteStage): Promise<Judge> {
    const stage = await this.#parts.store.readStage(mutationId)
    if (stage === 'refused') return this.#judgeRefused(mutationId)
    if (stage === 'set-aside') return this.#judgeSetAside(mutationId)
    if (stage === 'unknown' && noticed === 'unknown') return this.#judgeUnknown(mutationId)
    return judgeBy(stage === 'unknown' ? noticed : stage)
  }

  async #judgeRefused(mutationId: string): Promise<Judge> {
    const entry = await this.#parts.store.readRefusal(mutationId)
    // Retried or discarded since.
    if (entry === null) return judgeBy('discarded')
    return (target) =>
      target === 'stored' || (target === 'accepted' && entry.wasAccepted) ? 'reached' : refusedError(entry)
  }

  async #judgeSetAside(mutationId: string): Promise<Judge> {
    const entry = await this.#parts.store.readRefusal(mutationId)
    const message = 'The write cannot be delivered. It is listed in space.writes: retry or discard it.'
    const error = new SyncError('refused', message, { refusal: entry?.code ?? 'undeliverable' })
    return (target) => (target === 'stored' ? 'reached' : error)
  }

  /** The store does not know it. Why not is read first, and then once more whether it does: what is brought over meanwhile is found. */
  async #judgeUnknown(mutationId: string): Promise<Judge> {
    const { recovery, evictedAtMs } = await this.#parts.store.readSummary()
    const stage = await this.#parts.store.readStage(mutationId)
    if (stage !== 'unknown') return this.#findJudge(mutationId, stage)
    if (recovery?.isRead === false) return () => 'pending'
    const isEvicted = evictedAtMs !== null || this.#parts.isEvicted()
    const error = isEvicted ? evictedError() : recovery === null ? notFound() : replacedError()
    return () => error
  }
}

type Verdict = 'reached' | 'pending' | SyncError
type Judge = (target: ReachTarget) => Verdict

/** What a stage says to each promise; the table of docs/writes.md. */
function judgeBy(stage: WriteStage): Judge {
  switch (stage) {
    case 'stored':
      return (target) => (target === 'stored' ? 'reached' : 'pending')
    case 'accepted':
      return (target) => (target === 'durable' ? 'pending' : 'reached')
    case 'durable':
      return () => 'reached'
    case 'dropped':
      return (target) => (target === 'durable' ? durabilityError() : 'reached')
    case 'lost':
      return (target) => (target === 'stored' ? 'reached' : durabilityError())
    case 'discarded':
      return () => new SyncError('aborted', 'The write was discarded.')
    case 'refused':
    case 'set-aside':
    case 'unknown':
      return (target) => (target === 'stored' && stage !== 'unknown' ? 'reached' : notFound())
  }
}

function refusedError({ code, message, path }: RefusalReason): SyncError {
  const text = message === '' ? code : message
  return new SyncError('refused', `The write was refused: ${text}. It is listed in space.refused.`, {
    refusal: code,
    path,
  })
}

function durabilityError(): SyncError {
  return new SyncError(
    'durability-unknown',
    'The write was accepted, and this device does not keep it any more: whether the partner’s copy survives a restore is not known.',
  )
}

function evictedError(): SyncError {
  return new SyncError(
    'storage-evicted',
    'The browser has thrown this device’s copy away, and the write with it: unless it was sent before, it is lost.',
  )
}

function replacedError(): SyncError {
  return new SyncError(
    'storage-replaced',
    'The browser’s database was broken, and the write is not among those that could be read: unless it was sent before, it is lost.',
  )
}

function notFound(): SyncError {
  return new SyncError('not-found', 'Nothing is known of such a write here (any more).')
}

function closed(): SyncError {
  return new SyncError('closed', 'The space was closed. Open it again and ask space.write(mutationId).')
}

function asSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  return new SyncError('internal', 'The state of the write could not be read.', { cause: error })
}
