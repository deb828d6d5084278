import { createPartner, listen, type Listening, type Partner, type PartnerStorage } from 'web-sync-server'
import { schema } from '../../e2e/app/schema.ts'
import { siteFolder } from '../../e2e/support/build-app.ts'
import { serveSite } from '../../e2e/server/site.ts'

/** Header that names the account of a client under Node. */
export const ACCOUNT_HEADER = 'x-account'

/**
 * The server that clients know: the app's files and the partner, at one address that stays. Its storage can be changed, as a restart with
 * another database does; without one it answers like a proxy with nothing behind it.
 */
export class PartnerServer {
  #partner: Partner | null = null
  #storage: PartnerStorage | null = null
  #listening: Listening | null = null
  #isDying = false
  readonly #faults: string[] = []
  readonly #cases: Record<string, number> = {}

  /** Begins to listen on a free port of the loopback interface. */
  async open(): Promise<void> {
    this.#listening = await listen({ fetch: (request) => this.#answer(request) }, { port: 0 })
  }

  /** `localhost` counts as secure, so that browsers allow service workers and locks. */
  get origin(): string {
    return `http://localhost:${this.#listening?.port ?? 0}`
  }

  /** How often each case of the table was answered, problems under their code. */
  get cases(): Readonly<Record<string, number>> {
    return this.#cases
  }

  /** Bugs of the partner, and digests that did not fit, since the last call: none is expected while a database is up. */
  takeFaults(): readonly string[] {
    return this.#faults.splice(0)
  }

  /** The partner that answers now. Throws if there is none. */
  get partner(): Partner {
    if (this.#partner === null) throw new Error('no database is up')
    return this.#partner
  }

  /** The storage behind it. Throws if there is none. */
  get storage(): PartnerStorage {
    if (this.#storage === null) throw new Error('no database is up')
    return this.#storage
  }

  /** Answers from this storage from now on; exchanges with the one before end as they can. */
  use(storage: PartnerStorage): void {
    this.#storage = storage
    this.#isDying = false
    this.#partner = createPartner({
      schema,
      storage,
      authenticate: findAccount,
      authorize: () => 'write',
      onEvent: (event) => {
        if (event.type === 'exchange') {
          const name = event.problem ?? event.case ?? 'none'
          this.#cases[name] = (this.#cases[name] ?? 0) + 1
        }
        if (event.type === 'digest-mismatch') this.#faults.push(`digest-mismatch in ${event.space}`)
        // While a database dies everything fails, each driver in its own words: that is the point.
        if (event.type === 'error' && !this.#isDying) this.#faults.push(`${event.where}: ${String(event.error)}`)
      },
    })
  }

  /** The database is about to die: until there is another one, errors are what must be expected. */
  expectDeath(): void {
    this.#isDying = true
  }

  /** The database is gone: nothing can be answered. */
  async drop(): Promise<void> {
    const partner = this.#partner
    this.#partner = null
    this.#storage = null
    await partner?.close().catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.drop()
    await this.#listening?.close()
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/sync' || pathname.startsWith('/sync/')) {
      return this.#partner?.fetch(request) ?? new Response('<h1>502 Bad Gateway</h1>', { status: 502 })
    }
    if (pathname === '/sign-in') {
      const account = encodeURIComponent(searchParams.get('account') ?? '')
      const cookie = `failover=${account}; Path=/; HttpOnly; SameSite=Strict`
      return new Response(null, { status: 204, headers: { 'set-cookie': cookie } })
    }
    return (await serveSite(siteFolder, pathname)) ?? new Response('not found', { status: 404 })
  }
}

function findAccount(request: Request): { account: string } | null {
  const [, account] = /(?:^|;\s*)failover=([^;]+)/.exec(request.headers.get('cookie') ?? '') ?? []
  const name = account === undefined ? request.headers.get(ACCOUNT_HEADER) : decodeURIComponent(account)
  return name === null ? null : { account: name }
}
