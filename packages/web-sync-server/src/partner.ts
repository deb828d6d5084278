import { isAppName } from 'web-sync-protocol'
import { type HashText, PartnerError, type PartnerEvent, type Random } from './contract/index.ts'
import { systemClock } from './contract/wall-clock.ts'
import { createEngine } from './engine/index.ts'
import { createHandler } from './http/create-handler.ts'
import { createNudges } from './nudges/create-nudges.ts'
import { resolveLimits, resolveRetention } from './partner-bounds.ts'
import type { Partner, PartnerOptions } from './partner-types.ts'

/**
 * Builds a partner: the side that answers. Throws PartnerError 'invalid-option' if an option is missing, or contradicts what devices rely
 * on (LIMITS and PERIODS of web-sync-protocol); without `authenticate` there is no start.
 *
 * @example
 * const partner = createPartner({
 *   schema,
 *   storage: sqliteStorage('notes.db'),
 *   authenticate: async (request) => sessionOf(request),
 *   authorize: ({ account, space }) => (space === `home-of-${account}` ? 'write' : null),
 * })
 * createServer(nodeHandler(partner.fetch)).listen(8080)
 */
export function createPartner(options: PartnerOptions): Partner {
  assertOptions(options)
  const limits = resolveLimits(options.limits)
  const clock = options.clock ?? systemClock
  const emit = (event: PartnerEvent): void => options.onEvent?.(event)
  const onError = (where: string, error: unknown): void => emit({ type: 'error', atMs: clock.nowMs(), where, error })
  const engine = createEngine({
    schema: options.schema,
    storage: options.storage,
    ports: { clock, random: options.random ?? systemRandom, hash: options.hash ?? sha256 },
    authorize: options.authorize,
    allow: options.allow ?? null,
    limits,
    retention: resolveRetention(options.retention),
    onEvent: emit,
  })
  const { storage } = options
  let isDraining = false
  const nudges = createNudges({
    engine,
    maxStreamsPerAccount: limits.eventStreamsPerAccount,
    after,
    watch: storage.watch === undefined ? null : (watcher) => storage.watch?.(watcher) ?? (() => undefined),
    onError,
  })
  const fetch = createHandler({
    engine,
    authenticate: options.authenticate,
    limits,
    allowedOrigins: options.allowedOrigins ?? [],
    basePath: options.basePath ?? '/sync',
    probes: {
      healthPath: options.healthPath === undefined ? '/health' : options.healthPath,
      readyPath: options.readyPath === undefined ? '/ready' : options.readyPath,
      isDraining: () => isDraining,
      isPrimary: () => storage.isPrimary(),
      after,
    },
    openEvents: (account, partnershipIds) => nudges.open(account, partnershipIds),
    onError,
    onTurnedAway: (request, problem) => emit({ type: 'turned-away', atMs: clock.nowMs(), request, problem }),
  })
  return {
    fetch,
    transact: (space, write) => engine.transact(space, write),
    importRecords: (space, collection, records, importOptions) =>
      engine.importRecords(space, collection, records, importOptions),
    read: (space, collection, id) => engine.read(space, collection, id),
    inspect: (space) => engine.inspect(space),
    prune: () => engine.prune(),
    engine,
    status: () => ({ isDraining, eventStreams: nudges.status(), storage: storage.status?.() ?? null }),
    drain() {
      isDraining = true
    },
    endStreams: () => nudges.endStreams(),
    async close() {
      isDraining = true
      nudges.close()
      await storage.close()
    },
  }
}

function assertOptions(options: PartnerOptions): void {
  const given = options as Partial<PartnerOptions>
  if (typeof given.authenticate !== 'function') {
    fail('`authenticate` is missing. A partner does not start without it: it says which account sends a request.')
  }
  if (typeof given.authorize !== 'function') fail('`authorize` is missing: it says what an account may do in a space.')
  if (given.schema === undefined) fail('`schema` is missing: make one with defineSchema.')
  else if (!isAppName(given.schema.app)) fail('`schema` has no name of its app: make it with defineSchema({ app, … }).')
  if (given.storage === undefined) fail('`storage` is missing: e.g. sqliteStorage("data.db").')
  if (given.basePath !== undefined && !/^(\/[^/?#]+)+$/.test(given.basePath)) {
    fail('`basePath` must begin with a slash and not end with one, e.g. "/sync".')
  }
  assertProbePath('healthPath', given.healthPath)
  assertProbePath('readyPath', given.readyPath)
}

function assertProbePath(name: string, path: string | null | undefined): void {
  if (path === undefined || path === null || path.startsWith('/')) return
  fail(`\`${name}\` must begin with a slash, or be null.`)
}

function fail(message: string): never {
  throw new PartnerError('invalid-option', `createPartner: ${message}`)
}

const systemRandom: Random = { id: () => randomHex(16), bits: () => randomHex(8) }

function randomHex(bytes: number): string {
  let text = ''
  for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) text += byte.toString(16).padStart(2, '0')
  return text
}

const sha256: HashText = async (text) => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  let hex = ''
  for (const byte of digest) hex += byte.toString(16).padStart(2, '0')
  return hex
}

function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}
