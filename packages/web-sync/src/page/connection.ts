import { proxy, releaseProxy, transfer } from 'comlink'
import {
  decodeError,
  encodeError,
  type GetAuth,
  type OpenRequest,
  type Query,
  type SpaceApi,
  type SpaceEvent,
  type SpaceStatus,
  SyncError,
} from '../contract/index.ts'
import { type CreateWorker, useWorker, type WorkerLink } from './worker-link.ts'

/** What a space is opened with, in each worker anew. */
export interface ConnectionParts {
  readonly createWorker: CreateWorker
  readonly request: Omit<OpenRequest, 'events' | 'transportPort'>
  /** A port can be handed over once: a space that has one ends with its worker. */
  readonly transportPort: MessagePort | null
  readonly getAuth: GetAuth | null
  readonly onEvent: (event: SpaceEvent) => void
}

/**
 * Makes a call to the worker. If the worker dies before it has answered, the call is made again to the next one: a write is known by its
 * mutation id, so it takes effect once. `wasDone`: a repeated call that finds nothing to do (`not-found`) asks by it whether the first
 * one has done it; without it the error is the answer.
 */
export type Call = <T>(work: (api: SpaceApi) => Promise<T>, wasDone?: (api: SpaceApi) => Promise<boolean>) => Promise<T>

/** The space in one worker. */
interface Attached {
  readonly link: WorkerLink
  readonly api: SpaceApi
  readonly status: SpaceStatus
  readonly events: MessagePort
  /** Tells the calls that wait for an answer that none will come, in the order in which they were made. */
  readonly lost: Set<() => void>
}

/** A worker may also die while the space is being opened in it; so often in a row is no accident. */
const MOST_ATTEMPTS = 3

/** A space's way to its worker, which outlives the worker: if that one is ended from outside, the space goes on in a new one. */
export class Connection {
  readonly #parts: ConnectionParts
  /** Queries that are followed: the next worker has to know. */
  readonly #queriesById = new Map<number, Query>()
  #attached: Promise<Attached>
  #isClosed = false

  private constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.#attached = this.#attach(parts.transportPort)
  }

  /** Opens the space; errors as of {@link openSpace}. */
  static async open(
    parts: ConnectionParts,
  ): Promise<{ readonly connection: Connection; readonly status: SpaceStatus }> {
    const connection = new Connection(parts)
    const { status } = await connection.#attached
    return { connection, status }
  }

  /** See {@link Call}. */
  readonly call: Call = async (work, wasDone) => {
    for (let isRepeat = false; ; isRepeat = true) {
      const attached = await this.#attached
      try {
        const answer = await answerOf(attached, work)
        if (answer !== null) return answer.value
        if (this.#isClosed) throw closedHere()
      } catch (error) {
        const isMissing = isRepeat && error instanceof SyncError && error.code === 'not-found'
        if (!isMissing || wasDone === undefined) throw error
        const answer = await answerOf(attached, wasDone)
        // Such calls have no result.
        if (answer?.value === true) return undefined as never
        if (answer !== null || this.#isClosed) throw error
      }
    }
  }

  /** Ends the space in its worker. The answer comes after those to all calls that closing has ended, so nobody is left waiting. */
  async close(): Promise<void> {
    this.#isClosed = true
    try {
      await this.call((api) => api.close())
    } catch {
      // It is closed as far as it can be.
    }
    try {
      const { api, events, link } = await this.#attached
      ;(api as Partial<Record<typeof releaseProxy, () => void>>)[releaseProxy]?.()
      events.close()
      link.release()
    } catch {
      // There was no worker any more.
    }
  }

  async #attach(transportPort: MessagePort | null): Promise<Attached> {
    const { createWorker, request, getAuth, onEvent } = this.#parts
    const link = useWorker(createWorker)
    const { port1: events, port2 } = new MessageChannel()
    try {
      const first = firstStatus(events, onEvent)
      const auth = getAuth === null ? null : proxy(getAuth)
      const ports = transportPort === null ? [port2] : [port2, transportPort]
      const opening = link.api.open(transfer({ ...request, transportPort, events: port2 }, ports), auth)
      const remote = await Promise.race([opening, link.failed, failWith(link.died)])
      const attached = { link, api: this.#follow(remote), status: await first, events, lost: new Set<() => void>() }
      void link.died.then(() => this.#lose(attached))
      return attached
    } catch (error) {
      events.close()
      link.release()
      throw error
    }
  }

  /** The worker is gone: everything is asked again, of a new one. */
  #lose({ events, link, lost }: Attached): void {
    events.close()
    link.release()
    if (!this.#isClosed) {
      this.#attached = this.#attachAgain()
      // Whoever calls hears of it, and so does the app.
      this.#attached.catch((error: unknown) =>
        this.#parts.onEvent({ type: 'closed', error: encodeError(error), isRemoved: false }),
      )
    }
    for (const end of lost) end()
  }

  async #attachAgain(): Promise<Attached> {
    if (this.#parts.transportPort !== null) {
      throw new SyncError('closed', 'The worker was ended, and with it the port to the partner. Open the space again.')
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        const attached = await this.#attach(null)
        attached.api.wake(null, navigator.onLine)
        for (const [id, query] of this.#queriesById) attached.api.subscribe(id, query)
        return attached
      } catch (error) {
        if (!(error instanceof WorkerDied) || attempt === MOST_ATTEMPTS) throw error
      }
    }
  }

  /** The same space, that remembers which queries are followed. */
  #follow(remote: SpaceApi): SpaceApi {
    const queriesById = this.#queriesById
    const own: Pick<SpaceApi, 'subscribe' | 'unsubscribe'> = {
      subscribe: (id, query) => {
        queriesById.set(id, query)
        return remote.subscribe(id, query)
      },
      unsubscribe: (id) => {
        queriesById.delete(id)
        return remote.unsubscribe(id)
      },
    }
    return new Proxy(remote, {
      get: (target, name) => Reflect.get(Object.hasOwn(own, name) ? own : target, name) as unknown,
    })
  }
}

/** The error of every use after the page has closed the space. */
export function closedHere(): SyncError {
  return new SyncError('closed', 'The space was closed. Open it again.')
}

/** The worker ended before it had opened the space. */
class WorkerDied extends SyncError {
  constructor() {
    super('internal', 'The worker of web-sync was ended while the space was being opened.')
  }
}

async function failWith(died: Promise<void>): Promise<never> {
  await died
  throw new WorkerDied()
}

/** Waits for a call's answer; null: the worker died first. */
function answerOf<T>(
  { api, lost }: Attached,
  work: (api: SpaceApi) => Promise<T>,
): Promise<{ readonly value: T } | null> {
  return new Promise((resolve, reject) => {
    const onDone = (): void => resolve(null)
    lost.add(onDone)
    work(api)
      .then((value) => resolve({ value }), reject)
      .finally(() => lost.delete(onDone))
  })
}

/** The status that the worker tells first; from then on `hear` is told everything. */
function firstStatus(events: MessagePort, onEvent: (event: SpaceEvent) => void): Promise<SpaceStatus> {
  const first = new Promise<SpaceStatus>((resolve, reject) => {
    events.addEventListener('message', ({ data }: MessageEvent<SpaceEvent>) => {
      if (data.type === 'status') resolve(data.status)
      if (data.type === 'closed') reject(decodeError(data.error))
      onEvent(data)
    })
  })
  // If the space cannot be opened, the call that opens it says why.
  first.catch(() => undefined)
  events.start()
  return first
}
