import type { CliOptions } from './options.ts'
import { integer, need } from './options.ts'
import { loadPartnerFile } from './partner-file.ts'
import { createPartner, listen, PartnerError, type PartnerStorage } from '../index.ts'
import { openStorage } from './open-storage.ts'

/** How often retention runs. */
const PRUNE_EVERY_MS = 60 * 60_000

/** `sync-server serve`: until SIGINT or SIGTERM; open exchanges are answered before it ends. */
export async function serve(options: CliOptions): Promise<void> {
  const { schema, authenticate, authorize, allow } = await loadPartnerFile(need(options, 'partner'))
  const storage = await openStorage(options)
  if (!(await isWritable(storage)))
    console.error('This database takes no writes now: all exchanges are told to come again.')
  const basePath = options.path ?? '/sync'
  const partner = createPartner({
    schema,
    storage,
    authenticate,
    authorize,
    basePath,
    ...(allow === undefined ? {} : { allow }),
    onEvent: (event) => {
      if (event.type === 'error') console.error(`error in ${event.where}:`, event.error)
    },
  })
  const port = integer(options.port, 'port', 8787, 0, 65_535)
  const server = await listen(partner, { port, host: options.host ?? '127.0.0.1' })
  // Listened for before the line is out: who reads it may stop us at once.
  const stopped = untilSignal()
  console.log(`The partner answers at ${server.url}${basePath}`)
  const pruning = setInterval(() => void prune(partner), PRUNE_EVERY_MS)
  await stopped
  clearInterval(pruning)
  // No new request, then the streams end, then what is under way is answered.
  const closing = server.close()
  await partner.close()
  await closing
}

/** A database that cannot be reached yet is no reason not to start. */
async function isWritable(storage: PartnerStorage): Promise<boolean> {
  return storage.isPrimary().catch((error: unknown) => error instanceof PartnerError && error.code === 'busy')
}

async function prune(partner: { prune(): Promise<unknown> }): Promise<void> {
  try {
    await partner.prune()
  } catch (error) {
    console.error('retention failed; it is tried again in an hour:', error)
  }
}

async function untilSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
