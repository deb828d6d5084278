/** Options of {@link webSync}. */
export interface WebSyncViteOptions {
  /** The app's own service worker, e.g. 'src/sw.ts'; served and built as `sw.js` at the app's base. Default: the app sees to it itself. */
  readonly serviceWorker?: string
}

/** What the plugin hands to Vite; named here so that no type of Vite becomes part of this package's API. */
export interface WebSyncVitePlugin {
  readonly name: string
  readonly config: () => {
    readonly worker: { readonly format: 'es' }
    readonly optimizeDeps: { readonly exclude: string[] }
  }
  readonly configureServer: (server: DevelopmentServer) => void
  readonly buildStart: (this: BuildContext) => void
}

/** The part of Vite's development server that the plugin touches. */
export interface DevelopmentServer {
  readonly config: { readonly base: string }
  readonly middlewares: {
    use(handle: (request: { url?: string | undefined }, response: unknown, next: () => void) => void): unknown
  }
}

/** The part of Rollup's and Rolldown's plugin context that the plugin touches. */
export interface BuildContext {
  readonly environment?: { readonly mode: string } | undefined
  emitFile(file: { type: 'chunk'; id: string; fileName: string }): string
}

/** web-sync and its dependencies: all of them modules already. */
const UNBUNDLED: readonly string[] = ['web-sync', 'web-sync-protocol', 'comlink', 'idb', 'workbox-window']

/** A service worker's address is its identity, so it carries no hash, and it is the same in development. */
const SERVICE_WORKER = 'sw.js'

/**
 * Lets Vite bundle the store's worker. The development server must not pre-bundle web-sync: a pre-bundled module sits elsewhere,
 * so `new URL('./worker.js', import.meta.url)` would point beside the worker. And the worker is a module, not a classic script.
 * What it depends on is left alone too: found late, inside the worker, it would make the server reload the page.
 *
 * @example
 * export default defineConfig({ plugins: [webSync({ serviceWorker: 'src/sw.ts' })] })
 */
export function webSync({ serviceWorker }: WebSyncViteOptions = {}): WebSyncVitePlugin {
  return {
    name: 'web-sync',
    config: () => ({ worker: { format: 'es' }, optimizeDeps: { exclude: [...UNBUNDLED] } }),
    configureServer: ({ config, middlewares }) => {
      if (serviceWorker === undefined) return
      const address = `${config.base}${SERVICE_WORKER}`
      middlewares.use((request, _response, next) => {
        if (request.url?.split('?')[0] === address) request.url = `${config.base}${serviceWorker}`
        next()
      })
    },
    buildStart() {
      // The development server calls this too, and has no files to emit.
      const isBuild = this.environment === undefined || this.environment.mode === 'build'
      if (serviceWorker === undefined || !isBuild) return
      this.emitFile({ type: 'chunk', id: serviceWorker, fileName: SERVICE_WORKER })
    },
  }
}
