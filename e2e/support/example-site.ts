import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createPartner, memoryStorage, nodeHandler, type Partner } from 'web-sync-server'
import { build } from 'vite'
import { collection, defineSchema } from 'web-sync/schema'
import { webSync } from 'web-sync/vite'

const exampleFolder = fileURLToPath(new URL('../../examples/embed', import.meta.url))
/**
 * A file from which the workspace's packages are found; the example finds them in a stranger's
 * folder only.
 */
const inWorkspace = fileURLToPath(import.meta.url)

/** A change of the built text: what is replaced must be there. */
export type TextChange = readonly [find: string, replace: string]

/** The name that the README's schema has. */
const EXAMPLE_NAME = 'app: "field-notes"'

/** What the README's page keeps for itself, for a test to use. */
const SHOW_SPACE: TextChange = ['var { notes } = space', 'globalThis.space = space;\nvar { notes } = space']

/** An app of the README, but for its name: what a browser loads, and its partner. */
export interface ExampleApp {
  readonly name: string
  readonly partner: Partner
  /** Bodies of the asks that its partner got, in order. */
  readonly asked: readonly string[]
  /** False: nobody answers at the partner's address. */
  isUp: boolean
  /** Its built files by their path; '/': the page. */
  readonly files: ReadonlyMap<string, string>
}

/**
 * Where a request leads: to a file or, at `/sync`, to the partner of an app; null: nobody answers.
 */
export type Route = (path: string, referrer: string) => { readonly app: ExampleApp; readonly path: string } | null

/**
 * Builds what the README shows, as Vite does for its readers, for any folder of an origin. Files by
 * their path.
 */
export async function buildExample(): Promise<ReadonlyMap<string, string>> {
  const result = await build({
    root: exampleFolder,
    base: './',
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
    // Readable, so that a name can be replaced where it stands.
    build: { write: false, minify: false },
    plugins: [
      webSync({ serviceWorker: 'src/sw.ts' }),
      {
        name: 'workspace-packages',
        enforce: 'pre',
        resolveId(source) {
          return /^web-sync(\/|$)/.test(source) ? this.resolve(source, inWorkspace, { skipSelf: true }) : null
        },
      },
    ],
  })
  const files = new Map<string, string>()
  for (const file of 'output' in result ? result.output : []) {
    const text = file.type === 'chunk' ? file.code : String(file.source)
    files.set(file.fileName === 'index.html' ? '/' : `/${file.fileName}`, text)
  }
  return files
}

/** Makes an app of the built example, with a partner in memory. */
export function createExampleApp(
  built: ReadonlyMap<string, string>,
  { name, changes = [] }: { readonly name: string; readonly changes?: readonly TextChange[] },
): ExampleApp {
  const asked: string[] = []
  const notes = collection<{ readonly id: string }>(null, { indexes: { byTime: ['createdAtMs'] } })
  const partner = createPartner({
    schema: defineSchema({ app: name, version: 1, collections: { notes } }),
    storage: memoryStorage(),
    authenticate: async (request) => {
      if (request.method === 'POST') asked.push(await request.clone().text())
      return { account: 'ada' }
    },
    authorize: ({ account, space }) => (account === 'ada' && space === 'team-1' ? 'write' : null),
  })
  const files = changeText(built, [[EXAMPLE_NAME, `app: "${name}"`], SHOW_SPACE, ...changes])
  return { name, partner, asked, isUp: true, files }
}

function changeText(built: ReadonlyMap<string, string>, changes: readonly TextChange[]): ReadonlyMap<string, string> {
  let texts = [...built]
  for (const [find, replace] of changes) {
    if (!texts.some(([, text]) => text.includes(find))) throw new Error(`the built example has no ${find}`)
    texts = texts.map(([path, text]) => [path, text.replaceAll(find, replace)])
  }
  return new Map(texts)
}

/** One origin, and what answers there. */
export class ExampleSite {
  readonly #server: Server
  #route: Route = () => null

  constructor() {
    const serve = nodeHandler((request) => this.#answer(request))
    this.#server = createServer((incoming, outgoing) => {
      const target = this.#route(incoming.url ?? '/', toPath(incoming.headers.referer))
      if (target === null || (isAsk(target.path) && !target.app.isUp)) incoming.destroy()
      else serve(incoming, outgoing)
    })
  }

  /** Begins to listen on a free port of the loopback interface. */
  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** `localhost` counts as secure. */
  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  /** What answers from now on. */
  serve(route: Route): void {
    this.#route = route
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    const target = this.#route(pathname, toPath(request.headers.get('referer')))
    if (target === null) return new Response(null, { status: 404 })
    const { app, path } = target
    if (isAsk(path)) return app.partner.fetch(new Request(new URL(`${path}${search}`, request.url), request))
    const text = app.files.get(path)
    if (text === undefined) return new Response(null, { status: 404 })
    const type = extname(path) === '.js' ? 'text/javascript' : 'text/html; charset=utf-8'
    return new Response(text, { headers: { 'content-type': type, 'cache-control': 'no-store' } })
  }
}

function isAsk(path: string): boolean {
  return /^\/sync(\/|\?|$)/.test(path)
}

function toPath(referrer: string | null | undefined): string {
  return referrer ? new URL(referrer).pathname : '/'
}
