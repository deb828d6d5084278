import { expose } from 'comlink'
import type { WorkerEnvironment } from './environment.ts'
import { installErrorTransfer } from './error-transfer.ts'
import { createWorkerApi } from './host.ts'

/** Serves the worker's API to a page: on the worker's own scope (no port given), or behind a port, where tests do without a thread. */
export function serveWorker(environment: WorkerEnvironment, port?: MessagePort): void {
  installErrorTransfer()
  const api = createWorkerApi(environment)
  if (port === undefined) expose(api)
  else expose(api, port)
}
