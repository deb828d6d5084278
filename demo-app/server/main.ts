/**
 * The demo in one process and on one origin: two partners on SQLite (the places for everyone, the notes for the teams), the built page,
 * sign-in without passwords, and the trouble that the panel orders. For development and for looking at; not for the open internet.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Partner, createPartner, sqliteStorage } from 'web-sync-server'
import { ENDPOINTS, PLACES_SPACE, schema } from '../src/schema.ts'
import { type ApiGate, createApiGate } from './api-gate.ts'
import { answerDemo } from './demo-api.ts'
import { createExchangeLog } from './exchange-log.ts'
import { sendResponse, toRequest } from './node-http.ts'
import { type ServerOptions, USAGE, readOptions } from './options.ts'
import { importPlaces } from './places.ts'
import { type Sessions, createSessions } from './sessions.ts'
import { serveFile } from './static-files.ts'
import { type Team, openTeam } from './team.ts'
import { NO_TROUBLE } from './trouble.ts'

const commanded = readCommandLine()
if (commanded === 'help') process.stdout.write(USAGE)
else if (commanded !== null) await main(commanded)

/** What was asked for; null: it cannot be done, which has been said. */
function readCommandLine(): ReturnType<typeof readOptions> | null {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    // Who mistyped wants to know what to change, and no stack.
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exitCode = 2
    return null
  }
}

async function main(options: ServerOptions): Promise<void> {
  mkdirSync(options.data, { recursive: true })
  const isNew = !existsSync(join(options.data, 'places.db'))
  console.log(isNew ? `Making databases in ${options.data} …` : `Opening the databases in ${options.data} …`)
  const log = createExchangeLog()
  const gate = createApiGate(NO_TROUBLE, log)
  const sessions = createSessions(options.data)
  const team = openTeam({
    data: options.data,
    sessions,
    hasBackups: options.hasTrouble,
    isRevoked: (account) => gate.getTrouble().revoked.includes(account),
    onExchange: log.add,
  })
  const places = openPlaces(options, sessions)
  await importPlaces(places, options.places)
  await serve(options, { gate, sessions, team, places, log })
}

function openPlaces(options: ServerOptions, sessions: Sessions): Partner {
  return createPartner({
    schema,
    storage: sqliteStorage(join(options.data, 'places.db')),
    basePath: ENDPOINTS.places,
    authenticate: (request) => {
      const person = sessions.find(request)
      return person === null ? null : { account: person.id }
    },
    authorize: ({ space }) => (space === PLACES_SPACE ? 'read' : null),
    onEvent: (event) => {
      if (event.type === 'error') console.error(`  Error in ${event.where}:`, event.error)
    },
  })
}

interface Parts {
  readonly gate: ApiGate
  readonly sessions: Sessions
  readonly team: Team
  readonly places: Partner
  readonly log: ReturnType<typeof createExchangeLog>
}

async function serve(options: ServerOptions, parts: Parts): Promise<void> {
  const demo = {
    ...parts,
    hasTrouble: options.hasTrouble,
    getTrouble: parts.gate.getTrouble,
    setTrouble: parts.gate.setTrouble,
    clones: new Map<string, { readonly account: string; readonly content: string }>(),
    cspReports: [],
  }
  const server = createServer(async (incoming, outgoing) => {
    const request = toRequest(incoming, outgoing)
    const { pathname } = new URL(request.url)
    try {
      if (isBelow(pathname, ENDPOINTS.team)) await parts.gate.handle(request, outgoing, parts.team.fetch)
      else if (isBelow(pathname, ENDPOINTS.places)) {
        await parts.gate.handle(request, outgoing, (asked) => parts.places.fetch(asked))
      } else if (isBelow(pathname, '/demo')) await sendResponse(await answerDemo(demo, request), outgoing)
      else
        await sendResponse(
          (await serveFile(options.site, pathname)) ?? new Response('Not found', { status: 404 }),
          outgoing,
        )
    } catch (error) {
      console.error('  The request failed:', error)
      outgoing.destroy()
    }
  })
  const close = async (): Promise<void> => {
    await parts.team.close()
    await parts.places.close()
  }
  const fault = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once('error', resolve)
    server.listen(options.port, options.host, () => resolve(null))
  })
  if (fault !== null) {
    const why = fault.code === 'EADDRINUSE' ? 'something else listens there' : fault.message
    console.error(`Cannot listen on ${options.host}:${options.port}: ${why}. Choose another --port (0: any free one).`)
    process.exitCode = 1
    return close()
  }
  const { port } = server.address() as AddressInfo
  console.log(`Field notes is ready: http://${options.host}:${port}/`)

  const stop = async (): Promise<void> => {
    server.close()
    server.closeAllConnections()
    await close()
  }
  // A terminal's Ctrl-C arrives twice: from the terminal and from the script that started this.
  let stopping: Promise<void> | null = null
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (stopping ??= stop()))
}

function isBelow(pathname: string, base: string): boolean {
  return pathname === base || pathname.startsWith(`${base}/`)
}
