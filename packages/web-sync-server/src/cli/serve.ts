import type { CliOptions } from './options.ts'
import { integer, need } from './options.ts'
import { loadPartnerFile } from './partner-file.ts'
import {
  createMetrics,
  createPartner,
  listen,
  type Listening,
  type Metrics,
  type Partner,
  PartnerError,
  type PartnerStorage,
  shutDown,
} from '../index.ts'
import { openStorage } from './open-storage.ts'
import { createServeLog, type ServeLog } from './serve-log.ts'

/** How often retention runs. */
const PRUNE_EVERY_MS = 60 * 60_000

/** `web-sync-server serve`: until SIGINT or SIGTERM; open exchanges are answered before it ends. A second signal ends the draining at once. */
export async function serve(options: CliOptions): Promise<void> {
  const { schema, authenticate, authorize, allow } = await loadPartnerFile(need(options, 'partner'))
  const drainMs = 1_000 * integer(options['drain-seconds'], 'drain-seconds', 0, 0, 3_600)
  const limitMs = 1_000 * integer(options['stop-seconds'], 'stop-seconds', 5, 1, 3_600)
  const log = createServeLog(options)
  const metrics = createMetrics()
  const storage = await openStorage(options)
  if (!(await isWritable(storage))) {
    log.warn('not-writable', 'This database takes no writes now: all exchanges are told to come again.')
  }
  const basePath = options.path ?? '/sync'
  const partner = createPartner({
    schema,
    storage,
    authenticate,
    authorize,
    basePath,
    healthPath: options['health-path'] ?? '/health',
    readyPath: options['ready-path'] ?? '/ready',
    ...(allow === undefined ? {} : { allow }),
    onEvent: (event) => {
      metrics.onEvent(event)
      log.onEvent(event)
    },
  })
  const monitored = await listenForMetrics(options, metrics, partner)
  const port = integer(options.port, 'port', 8787, 0, 65_535)
  const server = await listen(partner, { port, host: options.host ?? '127.0.0.1' })
  // Listened for before the line is out: who reads it may stop us at once.
  const signals = listenForSignals()
  const metricsUrl = monitored === null ? null : `${monitored.url}/metrics`
  const also = metricsUrl === null ? '' : `, metrics at ${metricsUrl}`
  log.say('listening', `The partner answers at ${server.url}${basePath}${also}`, { port: server.port, metricsUrl })
  const pruning = setInterval(() => void prune(partner, log), PRUNE_EVERY_MS)
  await signals.first
  clearInterval(pruning)
  log.say('draining', 'Stopping: what is under way is answered.')
  await shutDown(partner, server, { drainMs, limitMs, hurry: signals.second })
  await monitored?.close()
  log.say('stopped', 'Stopped.')
}

/** Metrics have a port of their own, or none: they are not for those who may send asks. */
async function listenForMetrics(options: CliOptions, metrics: Metrics, partner: Partner): Promise<Listening | null> {
  const text = options['metrics-port']
  if (text === undefined) return null
  const port = integer(text, 'metrics-port', 0, 0, 65_535)
  return listen({ fetch: metrics.handler(partner) }, { port, host: options['metrics-host'] ?? '127.0.0.1' })
}

/** A database that cannot be reached yet is no reason not to start. */
async function isWritable(storage: PartnerStorage): Promise<boolean> {
  return storage.isPrimary().catch((error: unknown) => error instanceof PartnerError && error.code === 'busy')
}

async function prune(partner: Partner, log: ServeLog): Promise<void> {
  try {
    await partner.prune()
  } catch (error) {
    log.complain('retention, which is tried again in an hour', error)
  }
}

function listenForSignals(): { readonly first: Promise<void>; readonly second: AbortSignal } {
  const hurry = new AbortController()
  let signals = 0
  const first = new Promise<void>((resolve) => {
    const onSignal = (): void => {
      signals += 1
      if (signals === 1) resolve()
      else hurry.abort()
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
  return { first, second: hurry.signal }
}
