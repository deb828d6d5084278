import { proxy, type Remote, releaseProxy } from 'comlink'
import {
  type GetAuth,
  hashStoreOwner,
  type OpenRequest,
  type PortLike,
  type SpaceApi,
  type SpaceEvent,
  type WorkerApi,
} from '../contract/index.ts'
import { createAuth } from '../platform/index.ts'
import type { WorkerEnvironment } from './environment.ts'
import { NudgeListener } from './nudge-listener.ts'
import { SpaceRuntime } from './space-runtime.ts'

/**
 * The worker's API: opens spaces. One worker serves all spaces of a page; each is closed by itself. Nothing runs before the first
 * `open`, and nothing after the last `close`.
 */
export function createWorkerApi(environment: WorkerEnvironment): WorkerApi {
  const listenersByKey = new Map<string, NudgeListener>()

  const listenerOf = ({ schema: { app }, endpoint, account, credentials }: OpenRequest): NudgeListener | null => {
    if (endpoint === null) return null
    const key = hashStoreOwner({ app, endpoint, account })
    const parts = { ...environment, app, endpoint, account, credentials }
    const listener = listenersByKey.get(key) ?? new NudgeListener(parts)
    listenersByKey.set(key, listener)
    return listener
  }

  const dropUnused = (): void => {
    for (const [key, listener] of listenersByKey) {
      if (!listener.isUnused) continue
      listener.close()
      listenersByKey.delete(key)
    }
  }

  return {
    hold: (lockName) =>
      new Promise((resolve, reject) => {
        environment.lock
          .hold(lockName, { ifAvailable: false }, () => {
            resolve()
            return new Promise<never>(() => undefined)
          })
          .catch(reject)
      }),
    open: async (request: OpenRequest, getAuth: GetAuth | null): Promise<SpaceApi> => {
      const release = (): void => {
        dropUnused()
        request.events.close()
        if (getAuth !== null) releaseCallback(getAuth)
      }
      try {
        const runtime = await SpaceRuntime.open({
          request,
          environment,
          auth: getAuth === null ? null : createAuth(getAuth),
          emit: (event) => post(request.events, event),
          nudges: listenerOf(request),
          onClosed: release,
        })
        return proxy(runtime)
      } catch (error) {
        release()
        throw error
      }
    },
  }
}

/** A port that its page has left swallows what it is given. */
function post(port: PortLike, event: SpaceEvent): void {
  port.postMessage(event)
}

function releaseCallback(getAuth: GetAuth): void {
  const remote = getAuth as Partial<Remote<GetAuth>>
  remote[releaseProxy]?.()
}
