import type { Place } from '../shared/place.ts'

/** Records in one answer of the server. */
const PAGE_RECORDS = 5_000
/** Records in one push. */
const PUSH_RECORDS = 1_000

/** A page of changes. */
export interface PlacesPage {
  readonly places: readonly Place[]
  /** The number to ask from next. */
  readonly last: number
  readonly isLast: boolean
}

/** Fetches the next page of changes from the plain server. */
export async function fetchPage(after: number, limit: number = PAGE_RECORDS): Promise<PlacesPage> {
  const response = await fetch(`/sync/pages?after=${after}&limit=${limit}`)
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return (await response.json()) as PlacesPage
}

/** Fetches all changes after a number, one page after the other, and hands each of them on before the next one is asked for. */
export async function fetchPages(after: number, store: (page: PlacesPage) => Promise<void>): Promise<void> {
  let next = after
  for (;;) {
    const page = await fetchPage(next)
    await store(page)
    if (page.isLast) return
    next = page.last
  }
}

/** Sends writes in batches; resolves when the server has accepted the last one. */
export async function pushPlaces(places: readonly Place[]): Promise<void> {
  for (let from = 0; from < places.length; from += PUSH_RECORDS) {
    const body = JSON.stringify(places.slice(from, from + PUSH_RECORDS))
    const response = await fetch('/sync/push', { method: 'POST', body })
    if (!response.ok) throw new Error(`the server answered ${response.status}`)
  }
}
