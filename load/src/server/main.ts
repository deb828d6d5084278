/** The server under load: the product's partner in a process of its own, with a meter. Argument: its settings as JSON. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPartner, nodeHandler } from 'web-sync-server'
import { ACCOUNT_HEADER, schema } from '../schema.ts'
import type { ServerMessage, ServerSettings, SnapshotCommand } from './messages.ts'
import { Meter } from './meter.ts'
import { openStorage } from './open-storage.ts'

/** How often retention runs if it is to be seen at work. */
const PRUNE_EVERY_MS = 5_000

const settings = JSON.parse(process.argv[2] ?? '') as ServerSettings
const meter = new Meter()
const { retentionMs } = settings
const storage = await openStorage(settings)
const partner = createPartner({
  schema,
  storage,
  authenticate: (request) => {
    const account = request.headers.get(ACCOUNT_HEADER)
    return account === null ? null : { account }
  },
  authorize: () => 'write',
  ...(retentionMs === null ? {} : { retention: { logMs: retentionMs } }),
  onEvent: (event) => meter.hear(event),
})

const answer = nodeHandler((request) => partner.fetch(request))
// As the product's own `listen`: longer than whoever reuses connections keeps them.
const server = createServer({ keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
  meter.watch(incoming, outgoing)
  answer(incoming, outgoing)
})
server.listen(0, '127.0.0.1', 4_096, () => send({ type: 'listening', port: (server.address() as AddressInfo).port }))
if (retentionMs !== null) setInterval(() => void prune(retentionMs), PRUNE_EVERY_MS)

process.on('message', ({ id, isReset, isCollected }: SnapshotCommand) => {
  if (isCollected) globalThis.gc?.()
  send({ type: 'snapshot', id, snapshot: meter.read(isReset) })
})
// Whoever measures is gone, or has all figures; an orderly exit, so that a profile is written.
process.on('disconnect', () => process.exit())

/** Outcomes must be kept longer than any load runs, so the partner refuses a shorter age: here they are removed beside it. */
async function prune(ageMs: number): Promise<void> {
  await partner.prune()
  const beforeMs = Date.now() - ageMs
  for (const space of await storage.listSpaces()) {
    await storage.transaction(space, (tx) => tx.pruneOutcomes(beforeMs, beforeMs, Number.MAX_SAFE_INTEGER))
  }
}

function send(message: ServerMessage): void {
  process.send?.(message)
}
