import type { PartnerStorage } from '../../../web-sync-server/src/contract/index.ts'
import { createWorld, until, type World } from '../page/tabs.fixture.ts'

/** The account of the device that is captured. */
export const ACCOUNT = 'ada'
/** Its space. */
export const SPACE = 'captured'

/** One request and its answer, as texts. */
export interface CapturedMessage {
  readonly headers: Readonly<Record<string, string>>
  readonly ask: string
  readonly status: number
  readonly answer: string
}

/** A device and a partner that have lived: with writes that were accepted, refused and deleted, and with unsent ones. */
export interface CapturedLife {
  readonly world: World
  readonly messages: readonly CapturedMessage[]
}

/** What the device shows at the end of its life; the last write is unsent. */
export const SHOWN = [
  { id: 'a', text: 'first, and changed offline' },
  { id: 'c', text: 'of the partner', tags: ['x'] },
  { id: 'd', text: 'unsent' },
]

/** Lives it, with the partner's data in this storage. The device is closed then. */
export async function live(storage: PartnerStorage): Promise<CapturedLife> {
  const world = createWorld(SPACE, {
    storage,
    allow: ({ op }) => (op.id === 'refused' ? { message: 'not this one' } : true),
  })
  const messages: CapturedMessage[] = []
  const { fetch } = world
  world.fetch = async (url, init) => {
    const response = await fetch(url, init)
    if (typeof init.body !== 'string') return response
    const answer = await response.text()
    const headers = Object.fromEntries(new Headers(init.headers))
    messages.push({ headers, ask: init.body, status: response.status, answer })
    return new Response(answer, { status: response.status, headers: response.headers })
  }
  const space = await world.open(ACCOUNT)
  await until(space.status, ({ state }) => state === 'idle')
  const { notes } = space.collections
  await notes.insert({ id: 'a', text: 'first' }).accepted
  await notes.insert({ id: 'b', text: 'second', tags: ['x'] }).accepted
  await notes.delete('b').accepted
  await notes.insert({ id: 'refused', text: 'not allowed' }).accepted.catch(() => undefined)
  await world.partner.transact(SPACE, (tx) => tx['notes']?.put({ id: 'c', text: 'of the partner', tags: ['x'] }))
  space.retry()
  await until(notes.query(), ({ records }) => records.some(({ id }) => id === 'c'))
  await until(space.status, ({ state }) => state === 'idle')
  world.isOnline = false
  await notes.patch('a', { text: 'first, and changed offline' })
  await notes.insert({ id: 'd', text: 'unsent' })
  await space.close()
  world.isOnline = true
  world.fetch = fetch
  messages.push(await askWithForeignKey(world, messages))
  return { world, messages }
}

/** An ask with a key that the partner never gave, so that a problem with a rollback is captured too. */
async function askWithForeignKey({ partner }: World, messages: readonly CapturedMessage[]): Promise<CapturedMessage> {
  const { headers, ask } = messages.at(-1) as CapturedMessage
  const body = JSON.stringify({ ...(JSON.parse(ask) as object), key: { n: 999, tag: '0'.repeat(32) }, mutations: [] })
  const response = await partner.fetch(new Request('http://app.test/sync', { method: 'POST', headers, body }))
  return { headers, ask: body, status: response.status, answer: await response.text() }
}
