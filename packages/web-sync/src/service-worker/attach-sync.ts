import { type Schema, schemaToShape, type WakeReason } from 'web-sync-protocol'
import { type Auth, type AuthHeaders, isWakeMessage, SYNC_TAG, toEndpoint } from '../contract/index.ts'
import { createAuth, startStopwatch } from '../platform/index.ts'
import type { RegisteredSpace, ServiceWorkerEnvironment } from './environment.ts'
import type { MessageEventLike, ServiceWorkerScope, SyncEventLike, WithSync } from './events.ts'
import { isHopeless, syncSpace } from './sync-space.ts'

/** How the app's service worker takes part. */
export interface AttachOptions {
  readonly schema: Schema
  /** Address of the partner, relative or absolute; only spaces of the schema’s app that were opened with it are synced. */
  readonly endpoint: string
  /** Headers that prove who is asking; null: nobody is signed in. Default: cookies; then spaces whose page uses `getAuth` are left to their page. */
  readonly getAuth?: (asked: {
    readonly account: string
    readonly space: string
    readonly isRefresh: boolean
  }) => Promise<AuthHeaders | null>
  /** Exchanges for each space and event. Default: 50. */
  readonly maxExchanges?: number
  /** Milliseconds after which an event begins no new exchange. Default: 60,000; browsers end a service worker after 300,000. */
  readonly maxMs?: number
}

/** What {@link attachSync} gives back. */
export interface AttachedSync {
  /** What an event does; true if nothing is left that another event could send. Errors: of the list of spaces, such as storage-failed. */
  run(reason: WakeReason): Promise<boolean>
  detach(): void
}

/** As {@link AttachOptions}, joined to a browser. */
export interface AttachParts extends AttachOptions {
  /** Made for each event: a service worker may die between any two lines, so nothing lives between events. */
  readonly createEnvironment: () => ServiceWorkerEnvironment
  /** What a relative endpoint is relative to. */
  readonly baseUrl: string
}

/** Joins the engine to a service worker's events; see {@link AttachOptions}. No request is intercepted: there is no fetch listener. */
export function attachTo(scope: ServiceWorkerScope, parts: AttachParts): AttachedSync {
  const run = (reason: WakeReason): Promise<boolean> => syncAll(parts, reason)
  const onSync = (event: SyncEventLike): void => {
    if (event.tag === SYNC_TAG) event.waitUntil(drain(run))
  }
  const onMessage = (event: MessageEventLike): void => {
    if (isWakeMessage(event.data)) event.waitUntil(onWake(scope, run))
  }
  scope.addEventListener('sync', onSync)
  scope.addEventListener('message', onMessage)
  return {
    run,
    detach: () => {
      scope.removeEventListener('sync', onSync)
      scope.removeEventListener('message', onMessage)
    },
  }
}

/** Rejects while something is left, so that the browser repeats the event (after five, then fifteen minutes, then no more). */
async function drain(run: AttachedSync['run']): Promise<void> {
  if (!(await run('sync-event'))) throw new Error('web-sync: writes are left; the browser will repeat this event')
}

/** Never rejects. What is left becomes a sync event. */
async function onWake(scope: ServiceWorkerScope, run: AttachedSync['run']): Promise<void> {
  try {
    if (!(await run('online'))) await (scope.registration as WithSync).sync?.register(SYNC_TAG)
  } catch {
    // No permission for Background Sync: the next wake or start goes on.
  }
}

async function syncAll(parts: AttachParts, reason: WakeReason): Promise<boolean> {
  const environment = parts.createEnvironment()
  const passedMs = startStopwatch(environment.clock)
  const isOver = (): boolean => passedMs() >= (parts.maxMs ?? 60_000)
  const endpoint = toEndpoint(new URL(parts.endpoint, parts.baseUrl).href)
  const shape = schemaToShape(parts.schema)
  let isDrained = true
  for (const space of await listSpaces(environment, shape.app, endpoint)) {
    if (space.usesAuth && parts.getAuth === undefined) continue
    const { maxExchanges = 50 } = parts
    const options = { endpoint, schema: shape, reason, auth: authOf(parts, space), maxExchanges, isOver }
    // One after the other: an event's time is short, and what is done is done.
    isDrained = (await syncSpace(environment, space, options)) && isDrained
  }
  return isDrained
}

/** Where nothing may be stored there is no space; the next page that may store hands over again. */
async function listSpaces(
  environment: ServiceWorkerEnvironment,
  app: string,
  endpoint: string,
): Promise<readonly RegisteredSpace[]> {
  try {
    return await environment.listSpaces(app, endpoint)
  } catch (error) {
    if (isHopeless(error)) return []
    throw error
  }
}

function authOf({ getAuth }: AttachParts, { account, space }: RegisteredSpace): Auth | null {
  if (getAuth === undefined) return null
  return createAuth((isRefresh) => getAuth({ account, space, isRefresh }))
}
