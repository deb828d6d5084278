import {
  decodeError,
  type Query,
  type QueryExplanation,
  type QueryResult,
  type ResultChange,
  type SpaceApi,
  type SpaceEvent,
  type SyncError,
} from '../contract/index.ts'
import { createObservable, type Observable } from './observable.ts'

/** What a live query shows at one instant. While it is followed, a record that has not changed stays the same object. */
export interface LiveSnapshot<Value> extends QueryResult<Value> {
  /** True until the first result is there. */
  readonly isLoading: boolean
  /** Why there is no result (code `invalid-query`); null otherwise. */
  readonly error: SyncError | null
}

/** A query, to be asked once or to be followed. Nothing runs before it is asked or somebody subscribes. */
export interface LiveQuery<Value> extends Observable<LiveSnapshot<Value>> {
  /** The records as they are now. */
  all(): Promise<readonly Value[]>
  /** The same with the cursor that goes on after them: see {@link Query.after}. */
  read(): Promise<QueryResult<Value>>
  /** How many there are now. */
  count(): Promise<number>
  /** How it is answered: index, ranges, filters, order. */
  explain(): Promise<QueryExplanation>
}

/** Makes live queries for one space and hands them their results. */
export interface QueryHub {
  create<Value>(query: Query): LiveQuery<Value>
  onEvent(event: Extract<SpaceEvent, { type: 'result' | 'query-failed' }>): void
}

/** @param call makes a call to the worker, or rejects with `closed` */
export function createQueryHub(call: <T>(work: (api: SpaceApi) => Promise<T>) => Promise<T>): QueryHub {
  const setById = new Map<number, (event: Parameters<QueryHub['onEvent']>[0]) => void>()
  let lastId = 0
  const send = (work: (api: SpaceApi) => void): void => {
    // A closed space has told so already.
    call(async (api) => work(api)).catch(() => undefined)
  }
  return {
    onEvent: (event) => setById.get(event.id)?.(event),
    create: <Value>(query: Query): LiveQuery<Value> => {
      lastId += 1
      const id = lastId
      const loading: LiveSnapshot<Value> = {
        records: [],
        isPartial: true,
        next: null,
        isLoading: true,
        error: null,
      }
      const live = createObservable(
        loading,
        (snapshot) => !snapshot.isLoading,
        (isUsed) => {
          if (isUsed) setById.set(id, onOwnEvent)
          else setById.delete(id)
          send((api) => (isUsed ? api.subscribe(id, query) : api.unsubscribe(id)))
        },
      )
      const onOwnEvent = (event: Parameters<QueryHub['onEvent']>[0]): void => {
        if (event.type === 'result') {
          const { isPartial, next } = event.result
          const records = mergeRecords(live.getSnapshot().records, event.result as ResultChange<never>)
          live.set({ records, isPartial, next, isLoading: false, error: null })
        } else {
          live.set({ ...live.getSnapshot(), isLoading: false, error: decodeError(event.error) })
        }
      }
      const read = (): Promise<QueryResult<Value>> => call((api) => api.query(query) as never)
      return {
        getSnapshot: live.getSnapshot,
        subscribe: live.subscribe,
        read,
        all: async () => (await read()).records,
        count: () => call((api) => api.count(query)),
        explain: () => call((api) => api.explain(query)),
      }
    },
  }
}

/** A result with what changed in it. */
function mergeRecords<Value>(
  before: readonly Value[],
  { records, at, removed }: ResultChange<Value>,
): readonly Value[] {
  if (at === null) return records
  const gone = new Set(removed)
  const merged = before.filter((record) => !gone.has((record as { readonly id: string }).id))
  for (const [index, place] of at.entries()) merged.splice(place, 0, records[index] as Value)
  return merged
}
