import { isEqualJson, type JsonObject } from 'sync-protocol'
import { encodeError, type Query, type QueryResult, type SpaceEvent } from '../contract/index.ts'
import { type Coalescer, createCoalescer } from './coalescer.ts'

/** The longest rest between two runs of one live query. */
const MAX_REST_MS = 1_000

/** What live queries need. */
export interface LiveQueryParts {
  readonly run: (query: Query) => Promise<QueryResult<JsonObject>>
  readonly emit: (event: SpaceEvent) => void
}

interface LiveQuery {
  readonly collection: string
  readonly coalescer: Coalescer
}

/** The live queries of one page on one space: each runs again when its collection was touched, and tells only what changed. */
export class LiveQueries {
  readonly #parts: LiveQueryParts
  readonly #queriesById = new Map<number, LiveQuery>()

  constructor(parts: LiveQueryParts) {
    this.#parts = parts
  }

  /** Begins a live query; its first result comes as soon as it is there. */
  subscribe(id: number, query: Query): void {
    this.unsubscribe(id)
    let last: QueryResult<JsonObject> | null = null
    const coalescer = createCoalescer(async () => {
      const event = await this.#run(id, query)
      if (this.#queriesById.get(id)?.coalescer !== coalescer) return
      if (event.type === 'result') {
        if (last !== null && isSameResult(last, event.result)) return
        last = event.result
      }
      this.#parts.emit(event)
    }, MAX_REST_MS)
    this.#queriesById.set(id, { collection: query.collection, coalescer })
    coalescer.trigger()
  }

  /** Ends a live query; one that is not there is ignored. */
  unsubscribe(id: number): void {
    this.#queriesById.get(id)?.coalescer.close()
    this.#queriesById.delete(id)
  }

  /** Records of these collections may look different now; 'all': whether results are partial, too. */
  touch(collections: readonly string[] | 'all'): void {
    for (const { collection, coalescer } of this.#queriesById.values()) {
      if (collections === 'all' || collections.includes(collection)) coalescer.trigger()
    }
  }

  /** Ends all. */
  close(): void {
    for (const id of this.#queriesById.keys()) this.unsubscribe(id)
  }

  async #run(id: number, query: Query): Promise<Extract<SpaceEvent, { type: 'result' | 'query-failed' }>> {
    try {
      return { type: 'result', id, result: await this.#parts.run(query) }
    } catch (error) {
      return { type: 'query-failed', id, error: encodeError(error) }
    }
  }
}

function isSameResult(a: QueryResult<JsonObject>, b: QueryResult<JsonObject>): boolean {
  return a.isPartial === b.isPartial && isEqualJson(a.records, b.records)
}
