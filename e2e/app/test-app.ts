import type { JsonObject, Progress } from 'web-sync-protocol'
import type { RefusedEntry, SalvageEntry, Space, SpaceStatus, SyncInspection } from 'web-sync'
import { fingerprint } from './fingerprint.ts'
import type { Note, schema } from './schema.ts'

/** What the live query for the ten largest places showed. */
export interface WatchedResult {
  readonly ids: readonly string[]
  readonly isPartial: boolean
}

/** A space as the scenarios use it: each method is a few calls of the page API. */
export class TestSpace {
  readonly space: Space<typeof schema.collections>
  readonly #progress: Progress[] = []
  readonly #results: WatchedResult[] = []
  readonly #states: string[] = []

  constructor(space: Space<typeof schema.collections>) {
    this.space = space
    space.status.subscribe(({ progress, state }) => {
      if (progress !== null) this.#progress.push(progress)
      if (state !== this.#states.at(-1)) this.#states.push(state)
    })
    const largest = space.collections.places.query({ index: 'byPopulation', direction: 'desc', limit: 10 })
    largest.subscribe(({ records, isPartial }) => {
      this.#results.push({ ids: records.map(({ id }) => id), isPartial })
    })
  }

  /** Resolves when the write is stored on the device; with its name. */
  async addNote(id: string, text: string): Promise<string> {
    const write = this.space.collections.notes.insert({ id, text })
    await write
    return write.mutationId
  }

  async patchNote(id: string, patch: Partial<Note>): Promise<string> {
    const write = this.space.collections.notes.patch(id, patch)
    await write
    return write.mutationId
  }

  async deleteNote(id: string): Promise<string> {
    const write = this.space.collections.notes.delete(id)
    await write
    return write.mutationId
  }

  note(id: string): Promise<Note | undefined> {
    return this.space.collections.notes.get(id)
  }

  /** Text by id. */
  async notes(): Promise<Readonly<Record<string, string>>> {
    const notes = await this.space.collections.notes.query().all()
    return Object.fromEntries(notes.map(({ id, text }) => [id, text]))
  }

  countPlaces(): Promise<number> {
    return this.space.collections.places.query().count()
  }

  /** Of all records that the device shows. */
  async fingerprint(): Promise<string> {
    const { notes, places } = this.space.collections
    const records = [...(await notes.query().all()), ...(await places.query().all())]
    return fingerprint(records as unknown as JsonObject[])
  }

  status(): SpaceStatus {
    return this.space.status.getSnapshot()
  }

  /** What was seen since the space was opened. */
  watched(): {
    readonly progress: readonly Progress[]
    readonly results: readonly WatchedResult[]
    readonly states: readonly string[]
  } {
    return { progress: this.#progress, results: this.#results, states: this.#states }
  }

  /** Resolves when nothing is left to send and the first sync is over. */
  async upToDate(): Promise<void> {
    await this.when(async ({ state, isPartial, isResyncing }) => {
      if (state !== 'idle' || isPartial || isResyncing) return false
      // The status comes by message: the store itself knows of a write that was made a moment ago.
      const { counts, isSettled } = await this.space.inspect()
      return isSettled && counts.pending === 0
    })
  }

  /** Resolves with the first status that fits; looked at after each change of it. */
  async when(fits: (status: SpaceStatus) => boolean | Promise<boolean>): Promise<SpaceStatus> {
    let stop = (): void => undefined
    const fitting = await new Promise<SpaceStatus>((resolve, reject) => {
      const look = async (status: SpaceStatus): Promise<void> => {
        if (await fits(status)) resolve(status)
      }
      stop = this.space.status.subscribe((status) => {
        look(status).catch(reject)
      })
    })
    stop()
    return fitting
  }

  /**
   * Resolves with the status once the space is in this state: a later status may be that of the
   * next run.
   */
  reached(state: SpaceStatus['state']): Promise<SpaceStatus> {
    return this.when((status) => status.state === state)
  }

  refused(): Promise<readonly RefusedEntry[]> {
    return this.space.refused.list()
  }

  salvage(): Promise<readonly SalvageEntry[]> {
    return this.space.salvage.list()
  }

  restoreSalvage(): Promise<number> {
    return this.space.salvage.restore()
  }

  inspect(): Promise<SyncInspection> {
    return this.space.inspect()
  }

  async exchanges(): Promise<SyncInspection['exchanges']> {
    return (await this.space.inspect()).exchanges
  }

  async keyNumber(): Promise<number> {
    const { key } = await this.space.inspect()
    return key === 0 ? 0 : key.n
  }

  retry(): void {
    this.space.retry()
  }

  wipe(): Promise<void> {
    return this.space.wipe().then(() => undefined)
  }
}
