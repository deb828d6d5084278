import type { Person } from '../people.ts'
import type { ServerView, TroubleReport } from './server-types.ts'

/** The demo's own endpoints: sign-in and the panels. Sync does not go this way. */

/** Who is signed in, and whether this server makes trouble; null: no server can be reached. */
export async function askSession(): Promise<{ readonly person: Person | null; readonly hasTrouble: boolean } | null> {
  return ask('/demo/session')
}

/** Signs in; null: no server can be reached. */
export async function signIn(account: string): Promise<Person | null> {
  const answer = await post<{ person: Person }>('/demo/sign-in', { account })
  return answer?.person ?? null
}

/** Signs out on the server's side. */
export async function signOut(): Promise<void> {
  await post('/demo/sign-out', {})
}

/** The partner's side, for the panel; null: not reachable, or nobody is signed in. */
export async function inspectServer(): Promise<ServerView | null> {
  return ask('/demo/inspect')
}

/** What trouble is on; null: none can be made here. */
export async function askTrouble(): Promise<TroubleReport | null> {
  return ask('/demo/trouble')
}

/** Changes what trouble is on; null: it did not work. */
export async function makeTrouble(action: string, body: object): Promise<TroubleReport | null> {
  return post(`/demo/trouble${action}`, body)
}

/** Leaves a copy of this device on the server; the id for the link, or null. */
export async function leaveClone(content: string): Promise<string | null> {
  const answer = await request<{ id: string }>('/demo/trouble/clone', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: content,
  })
  return answer?.id ?? null
}

/** Picks up a copy of another device; signs in as its owner. */
export async function pickUpClone(id: string): Promise<string | null> {
  try {
    const response = await fetch(`/demo/trouble/clone/${encodeURIComponent(id)}`, { cache: 'no-store' })
    return response.ok ? await response.text() : null
  } catch {
    return null
  }
}

async function ask<Answer>(path: string): Promise<Answer | null> {
  return request(path, { cache: 'no-store' })
}

async function post<Answer>(path: string, body: object): Promise<Answer | null> {
  return request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function request<Answer>(path: string, init: RequestInit): Promise<Answer | null> {
  try {
    const response = await fetch(path, init)
    return response.ok ? ((await response.json()) as Answer) : null
  } catch {
    return null
  }
}
