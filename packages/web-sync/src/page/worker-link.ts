import { wrap } from 'comlink'
import { SyncError, type WorkerApi } from '../contract/index.ts'
import { installErrorTransfer } from './error-transfer.ts'
import { newMutationId } from './mutation-id.ts'
import { trustScript } from './trusted-script.ts'

/** Starts the store's worker. */
export type CreateWorker = () => Worker

/** A worker and how many spaces use it. */
export interface WorkerLink {
  readonly api: WorkerApi
  /** Rejects if the worker cannot be started; never resolves. */
  readonly failed: Promise<never>
  /**
   * Resolves when the worker was ended from outside (memory, a bug of the browser). Without Web Locks nobody notices, and it never does.
   */
  readonly died: Promise<void>
  /** One space less; the last one ends the worker. */
  release(): void
}

/**
 * The worker's constructor under its usual name, so that the text `new Worker(new URL(…` is there, which is what bundlers look for, and
 * the address is trusted where the page demands it.
 */
const Worker = function createTrusted(url: URL, options: WorkerOptions): globalThis.Worker {
  return new globalThis.Worker(trustScript(url.href), options)
} as unknown as new (url: URL, options: WorkerOptions) => globalThis.Worker

/**
 * The worker as Vite and other bundlers find it: `new Worker(new URL(…))` in one expression, with literals. For Vite's development
 * server see `web-sync/vite`; everything else can be done with the option `createWorker`.
 */
export const createOwnWorker: CreateWorker = () =>
  new Worker(new URL('../worker/worker.js', import.meta.url), { type: 'module', name: 'web-sync' })

/** The worker that the spaces of this page share, one for each way to create it: the only state of this module, ended with its last user. */
const linksByCreate = new Map<CreateWorker, WorkerLink & { users: number }>()

/** The page's worker; started with the first space. */
export function useWorker(create: CreateWorker): WorkerLink {
  const shared = linksByCreate.get(create) ?? startWorker(create)
  linksByCreate.set(create, shared)
  shared.users += 1
  return shared
}

function startWorker(create: CreateWorker): WorkerLink & { users: number } {
  installErrorTransfer()
  const worker = createOrSay(create)
  const failed = new Promise<never>((_resolve, reject) => {
    worker.addEventListener('error', (event) => reject(notStarted(event.message)))
  })
  // A fault after the start is told by the call that it hits.
  failed.catch(() => undefined)
  const api = wrap<WorkerApi>(worker) as unknown as WorkerApi
  const released = new AbortController()
  const forget = (): void => {
    released.abort()
    if (linksByCreate.get(create) === link) linksByCreate.delete(create)
    worker.terminate()
  }
  const died = waitForDeath(api, released.signal)
  const link = {
    api,
    failed,
    died,
    users: 0,
    release: () => {
      link.users -= 1
      if (link.users === 0) forget()
    },
  }
  // Before anybody else hears of it: who looks for a worker then must get another one.
  void died.then(forget)
  return link
}

/** The browser throws where the page's policy, or a frame without an origin, forbids workers. */
function createOrSay(create: CreateWorker): globalThis.Worker {
  try {
    return create()
  } catch (error) {
    throw notStarted(error)
  }
}

function notStarted(cause: unknown): SyncError {
  const message = 'The worker of web-sync could not be started. See web-sync/vite, or the option createWorker.'
  return new SyncError('internal', message, { cause })
}

/**
 * The worker holds a lock as long as it lives. The browser gives it to the page, which waits for it, within milliseconds of the worker's
 * end; no event tells a page of that. One that ends before it holds the lock is not noticed: it may as well be still on its way.
 */
async function waitForDeath(api: WorkerApi, signal: AbortSignal): Promise<void> {
  const never = new Promise<never>(() => undefined)
  try {
    const { locks } = navigator as { readonly locks?: LockManager }
    if (locks === undefined) return await never
    const name = `web-sync:worker:${newMutationId()}`
    await api.hold(name)
    // A worker that has locks of its own (a fake of a test) would seem to be dead at once.
    const { held = [] } = await locks.query()
    if (!held.some((lock) => lock.name === name)) return never
    await locks.request(name, { signal }, () => undefined)
  } catch {
    // It was ended here, by its last user; or the browser refuses locks.
    return never
  }
}
