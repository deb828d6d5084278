import type { Place } from '../shared/place.ts'
import { type SortedPlace, toSorted } from '../shared/replicache-value.ts'
import { openPlaceTable } from './place-table.ts'
import type { BenchServer } from './bench-server.ts'

interface PushBody {
  readonly clientGroupID: string
  readonly mutations: readonly { readonly clientID: string; readonly id: number; readonly args: SortedPlace }[]
}

interface PullBody {
  readonly clientGroupID: string
  readonly cookie: number | null
}

/** Replicache's push and pull by the row-version strategy of its manual: the cookie is the number of the last change. */
export function createReplicache(folder: string): BenchServer {
  const table = openPlaceTable(folder)
  table.database.exec(
    'CREATE TABLE IF NOT EXISTS clients (id TEXT PRIMARY KEY, client_group TEXT NOT NULL, last INTEGER NOT NULL, change INTEGER NOT NULL)',
  )
  const saveClient = table.database.prepare('INSERT OR REPLACE INTO clients VALUES (?, ?, ?, ?)')
  const findClient = table.database.prepare('SELECT last FROM clients WHERE id = ?')
  const changedClients = table.database.prepare('SELECT id, last FROM clients WHERE client_group = ? AND change > ?')

  const push = ({ clientGroupID, mutations }: PushBody): void => {
    const lastById = new Map<string, number>()
    const fresh: Place[] = []
    for (const { clientID, id, args } of mutations) {
      const last = lastById.get(clientID) ?? (findClient.get(clientID) as { last: number } | undefined)?.last ?? 0
      if (id <= last) continue
      lastById.set(clientID, id)
      const { sort: _sort, ...place } = args
      fresh.push(place)
    }
    const change = table.put(fresh)
    for (const [id, last] of lastById) saveClient.run(id, clientGroupID, last, change)
  }
  const pull = ({ clientGroupID, cookie }: PullBody): string => {
    const { texts, last } = table.after(cookie ?? 0, Number.MAX_SAFE_INTEGER)
    const clients = changedClients.all(clientGroupID, cookie ?? 0) as unknown as { id: string; last: number }[]
    const patch = texts.map((text) => {
      const place = JSON.parse(text) as Place
      return JSON.stringify({ op: 'put', key: `place/${place.id}`, value: toSorted(place) })
    })
    const lastById = JSON.stringify(Object.fromEntries(clients.map((client) => [client.id, client.last])))
    return `{"cookie":${last},"lastMutationIDChanges":${lastById},"patch":[${patch.join(',')}]}`
  }
  return {
    fetch: async (request) => {
      if (new URL(request.url).pathname === '/sync/push') {
        push((await request.json()) as PushBody)
        return new Response('{}')
      }
      const body = pull((await request.json()) as PullBody)
      return new Response(body, { headers: { 'content-type': 'application/json' } })
    },
    seed: async (places) => void table.put(places),
    change: async (places) => void table.put(places),
    read: async (ids) => ids.map((id) => table.read(id)),
    close: async () => table.close(),
  }
}
