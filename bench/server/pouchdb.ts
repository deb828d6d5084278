import { createHash } from 'node:crypto'
import type { Place } from '../shared/place.ts'
import { openPlaceTable } from './place-table.ts'
import type { BenchServer } from './bench-server.ts'

/** A document as CouchDB's replication protocol carries it. */
interface Doc extends Omit<Place, 'id'> {
  readonly _id: string
  readonly _rev: string
  readonly _revisions?: { readonly start: number; readonly ids: readonly string[] }
}

/**
 * The part of CouchDB that PouchDB's own replication asks for: changes, bulk get, revision differences, bulk docs, local checkpoints.
 * One revision of each document is kept, the last one that was written; the bench makes no conflicts.
 */
export function createPouchdb(folder: string): BenchServer {
  const table = openPlaceTable(folder)
  table.database.exec(`
    CREATE TABLE IF NOT EXISTS revisions (id TEXT PRIMARY KEY, path TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS checkpoints (id TEXT PRIMARY KEY, value TEXT NOT NULL);
  `)
  const savePath = table.database.prepare('INSERT OR REPLACE INTO revisions VALUES (?, ?)')
  const findPath = table.database.prepare('SELECT path FROM revisions WHERE id = ?')
  const saveCheckpoint = table.database.prepare('INSERT OR REPLACE INTO checkpoints VALUES (?, ?)')
  const findCheckpoint = table.database.prepare('SELECT value FROM checkpoints WHERE id = ?')

  /** Hashes of a document's revisions, newest first. */
  const pathOf = (id: string): string[] => {
    const row = findPath.get(id) as { path: string } | undefined
    return row === undefined ? [] : (JSON.parse(row.path) as string[])
  }
  const putDocs = (docs: readonly { readonly place: Place; readonly path: readonly string[] }[]): void => {
    table.put(docs.map((doc) => doc.place))
    table.database.exec('BEGIN IMMEDIATE')
    for (const { place, path } of docs) savePath.run(place.id, JSON.stringify(path))
    table.database.exec('COMMIT')
  }
  const putOwn = (places: readonly Place[]): void =>
    putDocs(places.map((place) => ({ place, path: [hash(place), ...pathOf(place.id)] })))

  const changes = (since: number, limit: number): unknown => {
    const { texts, last } = table.after(since, limit)
    const first = last - texts.length
    return {
      last_seq: last,
      results: texts.map((text, index) => {
        const { id } = JSON.parse(text) as Place
        // Numbers of changes may have holes; only the last one of a batch is ever asked from again.
        return { seq: index === texts.length - 1 ? last : first + index + 1, id, changes: [{ rev: revOf(pathOf(id)) }] }
      }),
    }
  }
  const bulkGet = (ids: readonly string[]): unknown => ({
    results: ids.map((id) => {
      const path = pathOf(id)
      // `!`: only ids of the changes are asked for.
      const { id: _id, ...fields } = table.read(id)!
      const revisions = { start: path.length, ids: path }
      return { id, docs: [{ ok: { ...fields, _id, _rev: revOf(path), _revisions: revisions } satisfies Doc }] }
    }),
  })
  const revsDiff = (asked: Readonly<Record<string, readonly string[]>>): unknown =>
    Object.fromEntries(
      Object.entries(asked)
        .map(([id, revs]) => [id, { missing: revs.filter((rev) => rev !== revOf(pathOf(id))) }] as const)
        .filter(([, { missing }]) => missing.length > 0),
    )
  const bulkDocs = (docs: readonly Doc[]): unknown => {
    putDocs(
      docs.map(({ _id, _rev, _revisions: revisions, ...fields }) => ({
        place: { id: _id, ...fields },
        path: revisions?.ids ?? [_rev.slice(_rev.indexOf('-') + 1)],
      })),
    )
    return []
  }
  const checkpoint = async (request: Request, id: string): Promise<Response> => {
    if (request.method === 'PUT') {
      saveCheckpoint.run(id, await request.text())
      return Response.json({ ok: true, id, rev: '0-1' }, { status: 201 })
    }
    const row = findCheckpoint.get(id) as { value: string } | undefined
    if (row === undefined) return Response.json({ error: 'not_found', reason: 'missing' }, { status: 404 })
    return Response.json({ ...(JSON.parse(row.value) as object), _rev: '0-1' })
  }

  return {
    fetch: async (request) => {
      const { pathname, searchParams } = new URL(request.url)
      const path = pathname.replace(/^\/sync\/db\/?/, '')
      if (path === '') return Response.json({ db_name: 'db', instance_start_time: '0', update_seq: 0 })
      if (path.startsWith('_local/')) return checkpoint(request, path)
      switch (path) {
        case '_changes':
          return Response.json(
            changes(Number(searchParams.get('since') ?? 0), Number(searchParams.get('limit') ?? 1e9)),
          )
        case '_bulk_get':
          return Response.json(bulkGet(((await request.json()) as { docs: { id: string }[] }).docs.map(({ id }) => id)))
        case '_revs_diff':
          return Response.json(revsDiff((await request.json()) as Record<string, string[]>))
        case '_bulk_docs':
          return Response.json(bulkDocs(((await request.json()) as { docs: Doc[] }).docs), { status: 201 })
        default:
          return Response.json({ error: 'not_found', reason: path }, { status: 404 })
      }
    },
    seed: async (places) => putOwn(places),
    change: async (places) => putOwn(places),
    read: async (ids) => ids.map((id) => table.read(id)),
    close: async () => table.close(),
  }
}

function hash(place: Place): string {
  return createHash('md5').update(JSON.stringify(place)).digest('hex')
}

function revOf(path: readonly string[]): string {
  return `${path.length}-${path[0] ?? ''}`
}
