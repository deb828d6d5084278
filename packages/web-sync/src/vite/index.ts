/** What the plugin hands to Vite; named here so that no type of Vite becomes part of this package's API. */
export interface WebSyncVitePlugin {
  readonly name: string
  readonly config: () => {
    readonly worker: { readonly format: 'es' }
    readonly optimizeDeps: { readonly exclude: readonly string[] }
  }
}

/** web-sync and its dependencies: all of them modules already. */
const UNBUNDLED: readonly string[] = ['web-sync', 'sync-protocol', 'comlink', 'idb', 'workbox-window']

/**
 * Lets Vite bundle the store's worker. The development server must not pre-bundle web-sync: a pre-bundled module sits elsewhere,
 * so `new URL('./worker.js', import.meta.url)` would point beside the worker. And the worker is a module, not a classic script.
 * What it depends on is left alone too: found late, inside the worker, it would make the server reload the page.
 */
export function webSync(): WebSyncVitePlugin {
  return {
    name: 'web-sync',
    config: () => ({ worker: { format: 'es' }, optimizeDeps: { exclude: UNBUNDLED } }),
  }
}
