import { expose } from 'comlink'
import { createBrowserEnvironment } from './browser-environment.ts'
import { installErrorTransfer } from './error-transfer.ts'
import { createWorkerApi } from './host.ts'

// The dedicated worker: everything real is made here. The page starts it (page/worker-link.ts) and opens spaces.
installErrorTransfer()
expose(createWorkerApi(createBrowserEnvironment()))
