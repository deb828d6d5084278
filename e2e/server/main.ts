/**
 * The server of the scenarios: a partner on SQLite or PostgreSQL, cookies, the built test app, and a wire to the test that started it. It is the
 * product's own partner in a process of its own, so that a test can kill it, and set its files back while it is down.
 *
 * Arguments: the folder of the database, the folder of the built test app; `grown` for the partner of a later version of the app.
 */
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { createPartner, nodeHandler, sqliteStorage } from 'web-sync-server'
import { postgresStorage } from 'web-sync-server/postgres'
import type { AddressInfo } from 'node:net'
import { grownSchema, REFUSED_WORD, schema } from '../app/schema.ts'
import { createCommands } from './commands.ts'
import type { CommandMessage, ServerMessage } from './ipc.ts'
import type { Settings } from './settings.ts'
import { listSite, serveSite } from './site.ts'

const [data, site, version] = process.argv.slice(2)
if (data === undefined || site === undefined) throw new Error('Arguments: data, site folder')
const siteFolder = site

const settings: Settings = {
  epoch: 1,
  expiresBefore: null,
  accessByAccount: new Map(),
  answer: null,
  foreignVersion: null,
  serviceWorker: 'first',
  underWay: 0,
  mostAtOnce: 0,
}

const storage = data.startsWith('postgres://')
  ? postgresStorage({ url: data, maxConnections: 4 })
  : sqliteStorage(join(data, 'partner.db'))
const partner = createPartner({
  schema: version === 'grown' ? grownSchema : schema,
  storage,
  authenticate: (request) => findAccount(request),
  authorize: ({ account }) => settings.accessByAccount.get(account) ?? 'write',
  allow: ({ op }) =>
    'value' in op && JSON.stringify(op.value).includes(REFUSED_WORD)
      ? { message: 'This word is not allowed.', path: '/value/text' }
      : true,
  onEvent: (event) =>
    send({ type: 'event', event: event.type === 'error' ? { ...event, error: String(event.error) } : event }),
})

const serve = nodeHandler(handle)
const server = createServer((incoming, outgoing) => {
  if (incoming.url === '/sync') countExchange(outgoing)
  serve(incoming, outgoing)
})
server.listen(0, '127.0.0.1', () => send({ type: 'listening', port: (server.address() as AddressInfo).port }))

const commands = createCommands(partner, storage, settings)
process.on('message', (message: CommandMessage) => {
  const run = commands[message.command] as (...args: readonly unknown[]) => Promise<unknown>
  run(...message.args).then(
    (value) => send({ type: 'result', id: message.id, value }),
    (error: unknown) => send({ type: 'failed', id: message.id, message: String(error) }),
  )
})
// The test is gone: so is its server.
process.on('disconnect', () => process.exit())

async function handle(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  if (pathname === '/sync') {
    expireInTime()
    send({ type: 'asked', as: findAccount(request)?.account ?? null, body: await request.clone().text() })
    return takeAnswer() ?? partner.fetch(speak(request))
  }
  if (pathname.startsWith('/sync/')) return partner.fetch(request)
  if (pathname === '/token') return new Response(`${searchParams.get('account')}.${settings.epoch}`)
  if (pathname === '/sign-in') return signIn(searchParams.get('account') ?? '')
  if (pathname === '/csp-report') {
    const report = await request.text()
    // WebKit looks for the site's icon by itself and reports that it may not: no page of ours has asked.
    if (!/"blocked-uri":"[^"]*\/favicon\.ico"/.test(report)) send({ type: 'violation', report })
    return new Response(null, { status: 204 })
  }
  if (pathname === '/blank') return blankPage()
  if (pathname === '/files.json') return Response.json(await listSite(siteFolder))
  return (await serveSite(siteFolder, toFile(pathname))) ?? new Response('not found', { status: 404 })
}

/** A new service worker is served at the address of the old one. */
function toFile(pathname: string): string {
  if (pathname !== '/sw.js' || settings.serviceWorker === 'first') return pathname
  return settings.serviceWorker === 'next' ? '/sw-next.js' : '/sw.js?rebuilt'
}

/** The answer of something in front of the partner, if a test has asked for one. */
function takeAnswer(): Response | null {
  const { answer } = settings
  if (answer === null) return null
  settings.answer = answer.times > 1 ? { ...answer, times: answer.times - 1 } : null
  return new Response('<h1>Something in between has failed</h1>', { status: answer.status })
}

function countExchange(outgoing: ServerResponse): void {
  settings.underWay += 1
  settings.mostAtOnce = Math.max(settings.mostAtOnce, settings.underWay)
  outgoing.once('close', () => (settings.underWay -= 1))
}

/** The request as a partner of another version sees it: of a version that it does not speak. */
function speak(request: Request): Request {
  if (settings.foreignVersion === null) return request
  const headers = new Headers(request.headers)
  headers.set('web-sync-protocol', String(settings.foreignVersion))
  return new Request(request, { headers })
}

function expireInTime(): void {
  if (settings.expiresBefore === null) return
  settings.expiresBefore -= 1
  if (settings.expiresBefore > 0) return
  settings.expiresBefore = null
  settings.epoch += 1
}

function signIn(account: string): Response {
  const cookie = `e2e=${encodeURIComponent(account)}.${settings.epoch}; Path=/; HttpOnly; SameSite=Strict; Max-Age=86400`
  return new Response(null, { status: 204, headers: { 'set-cookie': cookie } })
}

/** Whoever brings a token is the token's account, whatever the cookie says. */
function findAccount(request: Request): { account: string } | null {
  const proof = request.headers.get('authorization') ?? request.headers.get('cookie') ?? ''
  const [, account, epoch] = /(?:^Bearer |(?:^|;\s*)e2e=)([^.;]+)\.(\d+)/.exec(proof) ?? []
  if (account === undefined || Number(epoch) !== settings.epoch) return null
  return { account: decodeURIComponent(account) }
}

/** A page of the origin without the app: it must not sync. */
function blankPage(): Response {
  return new Response('<!doctype html><title>blank</title>', { headers: { 'content-type': 'text/html' } })
}

function send(message: ServerMessage): void {
  process.send?.(message)
}
