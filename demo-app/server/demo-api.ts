import { findPerson } from '../src/people.ts'
import type { ExchangeLog } from './exchange-log.ts'
import type { Sessions } from './sessions.ts'
import type { Team } from './team.ts'
import { type TroubleState, parseTrouble } from './trouble.ts'

/** What the demo's own endpoints work on. */
export interface DemoParts {
  readonly sessions: Sessions
  readonly team: Team
  readonly log: ExchangeLog
  readonly hasTrouble: boolean
  readonly getTrouble: () => TroubleState
  readonly setTrouble: (next: TroubleState) => void
  /** Copies of devices that wait to be picked up by another browser, by their number. */
  readonly clones: Map<string, { readonly account: string; readonly content: string }>
  /** What browsers have reported of the demo's policy, until somebody (a test) takes it. */
  readonly cspReports: string[]
}

/** Largest copy of a device that is taken in. */
const MAX_CLONE_BYTES = 32 * 1_048_576
const MAX_CLONES = 20
/** Characters of one report of a policy's violation, and how many of them are kept. */
const MAX_REPORT = 2_000
const MAX_REPORTS = 100

/** Answers `/demo/…`: sign-in, what the panels show, and the trouble they make. For development only. */
export async function answerDemo(parts: DemoParts, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (`${request.method} ${pathname}` === 'POST /demo/csp-report') return takeCspReport(parts, request)
  if (request.method === 'POST' && !isOwnPage(request)) return problem(403, 'only the demo’s own page may ask this')
  switch (`${request.method} ${pathname}`) {
    case 'GET /demo/session':
      return json({ person: parts.sessions.find(request), hasTrouble: parts.hasTrouble })
    case 'POST /demo/sign-in':
      return signIn(parts, request)
    case 'POST /demo/sign-out':
      return json({ person: null }, { 'set-cookie': parts.sessions.close() })
    case 'DELETE /demo/csp-reports':
      return json(parts.cspReports.splice(0))
    case 'GET /demo/inspect':
      return inspect(parts, request)
    default:
      return pathname.startsWith('/demo/trouble') && parts.hasTrouble
        ? answerTrouble(parts, request, pathname)
        : problem(404, 'no such endpoint')
  }
}

/** A browser says that something of the demo's was against its own policy: that is a fault of ours. */
async function takeCspReport({ cspReports }: DemoParts, request: Request): Promise<Response> {
  const report = (await request.text()).slice(0, MAX_REPORT)
  // Some browsers look for the site's icon by themselves: no page of ours has asked.
  if (!/"blocked-uri":"[^"]*\/favicon\.ico"/.test(report)) {
    cspReports.push(report)
    console.error('  Against the content security policy:', report)
  }
  cspReports.splice(0, cspReports.length - MAX_REPORTS)
  return new Response(null, { status: 204 })
}

async function signIn(parts: DemoParts, request: Request): Promise<Response> {
  const { account } = (await readJson(request)) as { account?: unknown }
  const person = findPerson(String(account))
  if (person === undefined) return problem(400, 'nobody of that name')
  return json({ person }, { 'set-cookie': parts.sessions.open(person) })
}

/** The partner's side of the sync key's life, as far as the one who asks may see it. */
async function inspect(parts: DemoParts, request: Request): Promise<Response> {
  const person = parts.sessions.find(request)
  if (person === null) return problem(401, 'sign in first')
  const inspection = await parts.team.inspect(person.team)
  return json({
    inspection: {
      ...inspection,
      partnerships: inspection.partnerships.filter((partnership) => partnership.account === person.id),
    },
    exchanges: parts.log.list().filter((exchange) => exchange.space === person.team),
  })
}

async function answerTrouble(parts: DemoParts, request: Request, pathname: string): Promise<Response> {
  switch (`${request.method} ${pathname}`) {
    case 'GET /demo/trouble':
      return json(describeTrouble(parts))
    case 'POST /demo/trouble': {
      const next = parseTrouble(await readJson(request), parts.getTrouble())
      if (next === null) return problem(400, 'that is no trouble I know')
      parts.setTrouble(next)
      return json(describeTrouble(parts))
    }
    case 'POST /demo/trouble/restore': {
      const { ago } = (await readJson(request)) as { ago?: unknown }
      const restored = Number.isInteger(ago) && Number(ago) >= 1 ? await parts.team.restore(Number(ago)) : null
      return restored === null
        ? problem(404, 'there is no backup that old')
        : json({ restored, ...describeTrouble(parts) })
    }
    case 'POST /demo/trouble/wipe':
      await parts.team.wipe()
      return json(describeTrouble(parts))
    case 'POST /demo/trouble/confirm-backup':
      await parts.team.confirmBackup()
      return json(describeTrouble(parts))
    case 'POST /demo/trouble/expire-session':
      parts.sessions.expire(request)
      return json(describeTrouble(parts))
    case 'POST /demo/trouble/clone':
      return takeClone(parts, request)
    default:
      return request.method === 'GET' ? giveClone(parts, pathname) : problem(404, 'no such endpoint')
  }
}

async function takeClone(parts: DemoParts, request: Request): Promise<Response> {
  const person = parts.sessions.find(request)
  if (person === null) return problem(401, 'sign in first')
  const content = await request.text()
  if (content.length > MAX_CLONE_BYTES) return problem(413, 'this device holds too much to be copied')
  const id = crypto.randomUUID()
  parts.clones.set(id, { account: person.id, content })
  for (const old of [...parts.clones.keys()].slice(0, -MAX_CLONES)) parts.clones.delete(old)
  return json({ id })
}

/** Hands a copy out, and signs its new holder in as the same person: a stolen or copied profile has the cookie too. */
function giveClone(parts: DemoParts, pathname: string): Response {
  const clone = parts.clones.get(pathname.slice('/demo/trouble/clone/'.length))
  const person = clone === undefined ? undefined : findPerson(clone.account)
  if (clone === undefined || person === undefined) return problem(404, 'this copy is gone; make another one')
  return new Response(clone.content, {
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'set-cookie': parts.sessions.open(person),
    },
  })
}

function describeTrouble(parts: DemoParts): object {
  return {
    trouble: parts.getTrouble(),
    backups: { count: parts.team.backups.count(), newest: parts.team.backups.list(1_000) },
  }
}

/** A page of another origin cannot send this without being asked about first, and the browser says where a request comes from. */
function isOwnPage(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  return request.headers.get('content-type') === 'application/json' && (site === null || site === 'same-origin')
}

async function readJson(request: Request): Promise<object> {
  try {
    const value: unknown = JSON.parse(await request.text())
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(value, { headers: { 'cache-control': 'no-store', ...headers } })
}

function problem(status: number, title: string): Response {
  return Response.json({ title }, { status, headers: { 'cache-control': 'no-store' } })
}
