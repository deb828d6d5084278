/** The test app's page: offers the page API to the scenarios as `app`. It has nothing to look at. */
import { openSpace } from 'web-sync'
import { registerServiceWorker } from 'web-sync/register'
import { type GrownNote, grownSchema, schema } from './schema.ts'
import { TestSpace } from './test-app.ts'

/** What the scenarios find in the page. */
export interface TestApp {
  /** Signs in; the cookie is the sign-in. */
  signIn(account: string): Promise<void>
  /** Registers the app's service worker; resolves when it controls the page. */
  register(url?: string): Promise<void>
  /** Registers the app's service worker where that can be done; false: there are none. Does not wait for it. */
  tryRegister(): Promise<boolean>
  /** Opens a space (default: `team`). The first one is {@link TestApp.space}. `byToken`: tokens prove who asks, not the cookie. */
  open(options: { readonly account: string; readonly space?: string; readonly byToken?: boolean }): Promise<void>
  /** Whose token is fetched when a new one is needed; null: that of the space's account. */
  tokenAccount: string | null
  /** Opens the space as a later version of the app does whose schema has grown, writes a note, and gives all notes by their new index. */
  openGrown(account: string, body: string): Promise<readonly GrownNote[]>
  /** Opens none of ours: the browser's own look at whether a space can be opened. Returns the error's code. */
  tryOpen(options: { readonly account: string; readonly space?: string }): Promise<string | null>
  /** The code of what a write in an open space ends with; null: it was stored. */
  tryNote(space: string): Promise<string | null>
  /** What the browser will wake the service worker for. */
  backgroundSyncTags(): Promise<readonly string[]>
  /** Text that does not compress. */
  randomText(letters: number): string
  readonly space: TestSpace
  readonly spaces: Readonly<Record<string, TestSpace>>
  /** How often this tab has loaded the page. */
  readonly loads: number
  /** Reports of `onReport`, unhandled rejections and errors. */
  readonly faults: readonly string[]
}

declare global {
  // A declaration for the scenarios; `var` is the only form that makes it a property of the page.
  var app: TestApp
}

const faults: string[] = []
addEventListener('unhandledrejection', ({ reason }) => faults.push(`unhandled: ${String(reason)}`))
addEventListener('error', ({ message }) => faults.push(`error: ${message}`))

const loads = countLoads()

function countLoads(): number {
  try {
    const count = Number(sessionStorage.getItem('loads') ?? 0) + 1
    sessionStorage.setItem('loads', String(count))
    return count
  } catch {
    // Site data is blocked.
    return 1
  }
}

const spaces: Record<string, TestSpace> = {}

globalThis.app = {
  loads,
  faults,
  spaces,
  get space() {
    const [first] = Object.values(spaces)
    if (first === undefined) throw new Error('no space is open')
    return first
  },
  randomText: (letters) => {
    // In pieces: no more random bytes are given at once.
    const bytes = new Uint8Array(letters / 2)
    for (let at = 0; at < bytes.length; at += 60_000) crypto.getRandomValues(bytes.subarray(at, at + 60_000))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  },
  signIn: async (account) => {
    await fetch(`/sign-in?account=${encodeURIComponent(account)}`, { method: 'POST' })
  },
  tokenAccount: null,
  register: async (url = '/sw.js') => {
    const controlled = new Promise<void>((resolve) => {
      if (navigator.serviceWorker.controller !== null) resolve()
      else navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true })
    })
    await registerServiceWorker({ url })
    await controlled
  },
  tryRegister: async () => (await registerServiceWorker({ url: '/sw.js' })).registration !== null,
  backgroundSyncTags: async () => {
    const registration = (await navigator.serviceWorker.ready) as { readonly sync?: { getTags(): Promise<string[]> } }
    return registration.sync?.getTags() ?? []
  },
  open: async ({ account, space = 'team', byToken = false }) => {
    const opened = await openSpace({
      schema,
      account,
      space,
      endpoint: '/sync',
      ...(byToken ? { getAuth: createTokenAuth(account) } : {}),
      onReport: (code) => faults.push(`report: ${code}`),
    })
    spaces[space] = new TestSpace(opened)
  },
  openGrown: async (account, body) => {
    const space = await openSpace({ schema: grownSchema, account, space: 'team', endpoint: '/sync' })
    const { notes, tags } = space.collections
    const write = space.mutate((tx) => {
      tx.notes.insert({ id: body, body, done: true })
      tx.tags.put({ id: 'tag' })
    })
    await write
    const found = await notes.query({ index: 'byBody' }).all()
    await write.accepted
    await tags.get('tag')
    await space.close()
    return found
  },
  tryNote: async (space) => {
    try {
      await spaces[space]?.addNote(crypto.randomUUID(), 'a try')
      return null
    } catch (error) {
      return (error as { code?: string }).code ?? String(error)
    }
  },
  tryOpen: async ({ account, space = 'team' }) => {
    try {
      const opened = await openSpace({ schema, account, space, endpoint: '/sync' })
      await opened.close()
      return null
    } catch (error) {
      return (error as { code?: string }).code ?? String(error)
    }
  },
}

/** A token that is asked for once, and again when it is not taken any more. */
function createTokenAuth(account: string): (isRefresh: boolean) => Promise<Record<string, string>> {
  let token: string | null = null
  return async (isRefresh) => {
    if (isRefresh) token = null
    token ??= await (await fetch(`/token?account=${app.tokenAccount ?? account}`)).text()
    return { authorization: `Bearer ${token}` }
  }
}
