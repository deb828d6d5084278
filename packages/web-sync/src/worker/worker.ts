import { createBrowserEnvironment } from './browser-environment.ts'
import { serveWorker } from './serve-worker.ts'

// The dedicated worker: everything real is made here. The page starts it (page/worker-link.ts) and opens spaces.
serveWorker(createBrowserEnvironment())
