import type { JsonObject } from 'web-sync-protocol'
import {
  encodeError,
  type Query,
  type QueryResult,
  type RecordChange,
  type SpaceEvent,
  type StoreNotice,
} from '../contract/index.ts'
import { nextCursor } from '../store/query-cursor.ts'
import type { QueryPlan } from '../store/query-plan.ts'
import { type Coalescer, createCoalescer } from './coalescer.ts'
import { LiveWindow, type WindowChange } from './live-window.ts'

/** The longest rest between two runs of one live query. */
const MAX_REST_MS = 1_000

/** What live queries need. */
export interface LiveQueryParts {
  readonly run: (query: Query) => Promise<QueryResult<JsonObject>>
  readonly plan: (query: Query) => QueryPlan
  readonly emit: (event: SpaceEvent) => void
}

/** What a notice says of records. */
export type RecordNotice = Pick<StoreNotice, 'collections' | 'records'>

/** Changes in the order in which they came. */
interface Missed {
  /** By transactions of this worker's store. */
  readonly own: RecordChange[]
  /** Made elsewhere. */
  readonly foreign: RecordChange[]
}

interface LiveQuery {
  readonly collection: string
  readonly coalescer: Coalescer
  /** The result as the page has it; null: it has none. */
  window: LiveWindow | null
  isPartial: boolean
  /** What came while it runs: whether the answer has it is seen when it is there; null: it does not run. */
  missed: Missed | null
  /** True if it will run again: what changes until then is in that answer. */
  isDue: boolean
}

/**
 * The live queries of one page on one space. A change made in this worker is put into the results from memory; one made elsewhere is
 * not, for its message may be late and its value old: it makes those queries run again whose result it hits. Only what changed is told.
 */
export class LiveQueries {
  readonly #parts: LiveQueryParts
  readonly #queriesById = new Map<number, LiveQuery>()

  constructor(parts: LiveQueryParts) {
    this.#parts = parts
  }

  /** Begins a live query; its first result comes as soon as it is there. */
  subscribe(id: number, query: Query): void {
    this.unsubscribe(id)
    const live: LiveQuery = {
      collection: query.collection,
      coalescer: createCoalescer(() => this.#run(id, query, live), { maxRestMs: MAX_REST_MS }),
      window: null,
      isPartial: true,
      missed: null,
      isDue: false,
    }
    this.#queriesById.set(id, live)
    runAgain(live)
  }

  /** Ends a live query; one that is not there is ignored. */
  unsubscribe(id: number): void {
    this.#queriesById.get(id)?.coalescer.close()
    this.#queriesById.delete(id)
  }

  /** All run again: whether results are partial may be different. */
  refresh(): void {
    for (const live of this.#queriesById.values()) runAgain(live)
  }

  /** Records changed. `isOwn`: by a transaction of this worker's store, and notices come in the order of the transactions. */
  onNotice({ collections, records }: RecordNotice, isOwn: boolean): void {
    for (const [id, live] of this.#queriesById) {
      if (live.isDue || !collections.includes(live.collection)) continue
      if (records === 'all') runAgain(live)
      else if (live.missed !== null) (isOwn ? live.missed.own : live.missed.foreign).push(...records)
      else if (live.window === null) runAgain(live)
      else if (isOwn) this.#apply(id, live, live.window, records)
      else if (live.window.hits(records).length > 0) runAgain(live)
    }
  }

  /** Ends all. */
  close(): void {
    for (const id of this.#queriesById.keys()) this.unsubscribe(id)
  }

  #apply(id: number, live: LiveQuery, window: LiveWindow, records: readonly RecordChange[]): void {
    const change = window.apply(records)
    if (change === 'unknown') runAgain(live)
    else if (change !== null) this.#emit(id, live, window, change)
  }

  async #run(id: number, query: Query, live: LiveQuery): Promise<void> {
    const missed: Missed = { own: [], foreign: [] }
    live.missed = missed
    live.isDue = false
    try {
      const result = await this.#parts.run(query)
      if (this.#queriesById.get(id) === live) this.#show(id, live, query, result)
    } catch (error) {
      live.window = null
      if (this.#queriesById.get(id) === live) {
        this.#parts.emit({ type: 'query-failed', id, error: encodeError(error) })
      }
    }
    live.missed = null
    if (live.window === null || live.window.hits([...missed.own, ...missed.foreign]).length === 0) return
    // In a first sync a page comes during nearly every run: to run again for each reads thousands of records anew for each page. What was
    // taken in from memory is looked up again when the first sync ends.
    if (live.isPartial && missed.foreign.length === 0) this.#apply(id, live, live.window, newestOf(live, missed.own))
    else runAgain(live)
  }

  #show(id: number, live: LiveQuery, query: Query, { records, isPartial }: QueryResult<JsonObject>): void {
    const { window } = live
    const isSameState = live.isPartial === isPartial
    live.isPartial = isPartial
    if (window === null) {
      live.window = new LiveWindow(this.#parts.plan(query), records)
      this.#emit(id, live, live.window, { records, at: null, removed: [] })
      return
    }
    const change = window.replace(records)
    if (change !== null) this.#emit(id, live, window, change)
    else if (!isSameState) this.#emit(id, live, window, { records: [], at: [], removed: [] })
  }

  #emit(
    id: number,
    { isPartial }: LiveQuery,
    { plan, records }: LiveWindow,
    change: Omit<WindowChange, 'at'> & { readonly at: readonly number[] | null },
  ): void {
    const next = nextCursor(plan, records)
    this.#parts.emit({ type: 'result', id, result: { ...change, isPartial, next } })
  }
}

/** Of changes of one record the last one: a run may have found any of the earlier ones, and the last one goes over all of them. */
function newestOf({ collection }: LiveQuery, changes: readonly RecordChange[]): RecordChange[] {
  const ours = changes.filter((change) => change.collection === collection)
  return [...new Map(ours.map((change) => [change.id, change])).values()]
}

function runAgain(live: LiveQuery): void {
  live.isDue = true
  live.coalescer.trigger()
}
