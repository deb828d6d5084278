import type { Place } from '../shared/place.ts'
import { openPlaceTable } from './place-table.ts'
import type { BenchServer } from './bench-server.ts'

/** The smallest honest sync for what has none of its own: pages of changes after a number, and batches of writes. */
export function createPages(folder: string): BenchServer {
  const table = openPlaceTable(folder)
  return {
    fetch: async (request) => {
      const { pathname, searchParams } = new URL(request.url)
      if (pathname === '/sync/push') return Response.json({ last: table.put((await request.json()) as Place[]) })
      const limit = Number(searchParams.get('limit'))
      const { texts, last } = table.after(Number(searchParams.get('after')), limit)
      const body = `{"last":${last},"isLast":${texts.length < limit},"places":[${texts.join(',')}]}`
      return new Response(body, { headers: { 'content-type': 'application/json' } })
    },
    seed: async (places) => void table.put(places),
    change: async (places) => void table.put(places),
    read: async (ids) => ids.map((id) => table.read(id)),
    close: async () => table.close(),
  }
}
