/**
 * The server of one session, in a process of its own: the contestant's sync below `/sync`, the built page, and what the runner orders
 * below `/bench`. While its gate is shut it answers 503 to everything below `/sync`: the contestants are offline.
 *
 * Arguments: kind of server, folder of its data, folder of the page, number of records; with `seed` as a fifth it stores them and ends.
 */
import { readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { listen } from 'web-sync-server'
import type { ServerKind } from '../shared/contestants.ts'
import { changePlace } from '../shared/place.ts'
import { createOurs } from './ours.ts'
import { createPages } from './pages.ts'
import { makePlaces } from './places.ts'
import { createPouchdb } from './pouchdb.ts'
import { createReplicache } from './replicache.ts'
import type { BenchServer } from './bench-server.ts'
import { createYjs } from './yjs.ts'

const create: Record<ServerKind, (folder: string) => BenchServer> = {
  ours: createOurs,
  pages: createPages,
  pouchdb: createPouchdb,
  replicache: createReplicache,
  yjs: createYjs,
}

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' }

const [kind, folder, site, count, order] = process.argv.slice(2)
if (kind === undefined || folder === undefined || site === undefined || count === undefined) {
  throw new Error('Arguments: kind, data folder, site folder, number of records')
}
const siteFolder = site
const places = makePlaces(Number(count))
const server = create[kind as ServerKind](folder)
let isOpen = true

if (order === 'seed') {
  await server.seed(places)
  await server.close()
  process.exit()
}
const { port } = await listen({ fetch: answer }, { port: 0 })
process.send?.({ port })
// The runner is gone: so is its server.
process.on('disconnect', () => process.exit())

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname.startsWith('/sync')) return isOpen ? server.fetch(request) : new Response('offline', { status: 503 })
  if (pathname.startsWith('/bench/')) return obey(request)
  return serveFile(pathname === '/' ? '/index.html' : pathname)
}

async function obey(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  switch (pathname) {
    case '/bench/gate':
      isOpen = searchParams.get('open') === '1'
      return new Response(null, { status: 204 })
    case '/bench/change': {
      const changed = places.slice(0, Number(searchParams.get('count')))
      await server.change(changed.map((place) => changePlace(place, searchParams.get('round') ?? '')))
      return new Response(null, { status: 204 })
    }
    case '/bench/read':
      return Response.json(await server.read((await request.json()) as string[]))
    default:
      return new Response('not found', { status: 404 })
  }
}

async function serveFile(pathname: string): Promise<Response> {
  const file = join(siteFolder, pathname)
  const type = TYPES[extname(file)]
  if (type === undefined || !file.startsWith(siteFolder + sep)) return new Response('not found', { status: 404 })
  return new Response(await readFile(file), { headers: { 'content-type': type, 'cache-control': 'no-cache' } })
}
