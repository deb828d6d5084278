import { type Store, SyncError, type WriteStage } from '../contract/index.ts'

type Target = 'accepted' | 'durable'

interface Wait {
  readonly target: Target
  readonly resolve: () => void
  readonly reject: (error: SyncError) => void
}

/** Who waits for what a mutation becomes. Survives a reload, because a wait is only a look into the store, repeated. */
export class WriteWaits {
  readonly #store: Store
  readonly #waitsById = new Map<string, Set<Wait>>()
  /** Looks are made one after the other, or an old stage could be judged after a new one. */
  #looking: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Resolves when the mutation has reached `target`. `wasStored`: the caller knows that it was stored, so if nothing is known of it
   * any more it was durable and is forgotten.
   */
  async reach(mutationId: string, target: Target, wasStored: boolean): Promise<void> {
    if (this.#isClosed) throw closed()
    return new Promise<void>((resolve, reject) => {
      const waits = this.#waitsById.get(mutationId) ?? new Set()
      this.#waitsById.set(mutationId, waits.add({ target, resolve, reject }))
      this.#look(mutationId, wasStored)
    })
  }

  /** The stages of these mutations changed. */
  notice(mutationIds: readonly string[]): void {
    // Whoever waits since before was told nothing final, so the mutation was known.
    for (const mutationId of mutationIds) if (this.#waitsById.has(mutationId)) this.#look(mutationId, true)
  }

  /** All that wait are told `closed`. */
  close(): void {
    this.#isClosed = true
    for (const waits of this.#waitsById.values()) for (const wait of waits) wait.reject(closed())
    this.#waitsById.clear()
  }

  #look(mutationId: string, wasStored: boolean): void {
    this.#looking = this.#looking.then(() => this.#lookNow(mutationId, wasStored))
  }

  async #lookNow(mutationId: string, wasStored: boolean): Promise<void> {
    try {
      const stage = await this.#store.readStage(mutationId)
      this.#judge(mutationId, stage, await this.#faultOf(mutationId, stage, wasStored))
    } catch (error) {
      this.#judge(mutationId, 'unknown', asSyncError(error))
    }
  }

  #judge(mutationId: string, stage: WriteStage, error: SyncError | null): void {
    const waits = this.#waitsById.get(mutationId)
    for (const wait of waits ?? []) {
      if (error !== null) wait.reject(error)
      else if (hasReached(stage, wait.target)) wait.resolve()
      else continue
      waits?.delete(wait)
    }
    if (waits?.size === 0) this.#waitsById.delete(mutationId)
  }

  async #faultOf(mutationId: string, stage: WriteStage, wasStored: boolean): Promise<SyncError | null> {
    switch (stage) {
      case 'stored':
      case 'accepted':
      case 'durable':
        return null
      case 'refused': {
        const entry = (await this.#store.listRefused()).find((refused) => refused.mutationId === mutationId)
        const refusal = entry?.code ?? 'not-allowed'
        const message = entry?.message === undefined || entry.message === '' ? refusal : entry.message
        return new SyncError('refused', `The write was refused: ${message}. It is listed in space.refused.`, {
          refusal,
          ...(entry === undefined ? {} : { path: entry.path }),
        })
      }
      case 'set-aside': {
        const entry = (await this.#store.listWrites()).find((write) => write.mutationId === mutationId)
        return new SyncError(
          'refused',
          'The write cannot be delivered. It is listed in space.writes: retry or discard it.',
          {
            refusal: entry?.code ?? 'undeliverable',
          },
        )
      }
      case 'discarded':
        return new SyncError('aborted', 'The write was discarded.')
      case 'unknown':
        return wasStored ? null : new SyncError('not-found', 'No such write is known here (any more).')
    }
  }
}

/** `unknown` is asked about only where the mutation was stored: it was durable and is forgotten. */
function hasReached(stage: WriteStage, target: Target): boolean {
  return stage === 'durable' || stage === 'unknown' || (stage === 'accepted' && target === 'accepted')
}

function closed(): SyncError {
  return new SyncError('closed', 'The space was closed. Open it again and ask space.write(mutationId).')
}

function asSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  return new SyncError('internal', 'The state of the write could not be read.', { cause: error })
}
