import { decodeError, type Query, type SpaceApi, type SpaceEvent, type SyncError } from '../contract/index.ts'
import { createObservable, type Observable } from './observable.ts'

/** What a live query shows at one instant. */
export interface LiveSnapshot<Value> {
  readonly records: readonly Value[]
  /** True while the first sync has not brought everything yet: more may come. */
  readonly isPartial: boolean
  /** True until the first result is there. */
  readonly isLoading: boolean
  /** Why there is no result (code `invalid-query`); null otherwise. */
  readonly error: SyncError | null
}

/** A query, to be asked once or to be followed. Nothing runs before it is asked or somebody subscribes. */
export interface LiveQuery<Value> extends Observable<LiveSnapshot<Value>> {
  /** The records as they are now. */
  all(): Promise<readonly Value[]>
  /** How many there are now. */
  count(): Promise<number>
}

/** Makes live queries for one space and hands them their results. */
export interface QueryHub {
  create<Value>(query: Query): LiveQuery<Value>
  hear(event: Extract<SpaceEvent, { type: 'result' | 'query-failed' }>): void
}

/** @param call makes a call to the worker, or rejects with `closed` */
export function createQueryHub(call: <T>(work: (api: SpaceApi) => Promise<T>) => Promise<T>): QueryHub {
  const setById = new Map<number, (event: Parameters<QueryHub['hear']>[0]) => void>()
  let lastId = 0
  const tell = (work: (api: SpaceApi) => void): void => {
    // A closed space has told so already.
    call(async (api) => work(api)).catch(() => undefined)
  }
  return {
    hear: (event) => setById.get(event.id)?.(event),
    create: <Value>(query: Query): LiveQuery<Value> => {
      lastId += 1
      const id = lastId
      const loading: LiveSnapshot<Value> = { records: [], isPartial: true, isLoading: true, error: null }
      const live = createObservable(
        loading,
        (snapshot) => !snapshot.isLoading,
        (isUsed) => {
          if (isUsed) setById.set(id, heed)
          else setById.delete(id)
          tell((api) => (isUsed ? api.subscribe(id, query) : api.unsubscribe(id)))
        },
      )
      const heed = (event: Parameters<QueryHub['hear']>[0]): void => {
        if (event.type === 'result') {
          live.set({
            ...event.result,
            records: event.result.records as never,
            isLoading: false,
            error: null,
          })
        } else {
          live.set({ ...live.getSnapshot(), isLoading: false, error: decodeError(event.error) })
        }
      }
      return {
        getSnapshot: live.getSnapshot,
        subscribe: live.subscribe,
        all: async () => (await call((api) => api.query(query))).records as never,
        count: () => call((api) => api.count(query)),
      }
    },
  }
}
