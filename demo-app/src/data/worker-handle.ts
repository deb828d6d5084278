/** Starts the store's worker and can end it from outside: for the button «Kill the worker». */
export interface WorkerHandle {
  readonly createWorker: () => Worker
  readonly kill: () => void
}

/**
 * A handle of its own for each start: web-sync shares one worker among the spaces that are opened with the same function. An app that
 * needs no handle leaves `createWorker` out.
 */
export function createWorkerHandle(): WorkerHandle {
  let worker: Worker | null = null
  return {
    createWorker: () => {
      worker = new Worker(new URL('web-sync/worker', import.meta.url), { type: 'module', name: 'web-sync' })
      return worker
    },
    kill: () => worker?.terminate(),
  }
}
