/**
 * The demo is served with `require-trusted-types-for 'script'`: no text becomes code unless a policy lets it. This one lets through the
 * app's own scripts, by address, and nothing else. It is the policy named `default`, so that `new Worker(…)` and the registration of the
 * service worker, which hand the browser an address, need to know nothing of it.
 */
interface TrustedTypes {
  createPolicy(name: 'default', rules: { readonly createScriptURL: (url: string) => string }): unknown
}

const OWN_SCRIPTS = /^\/(sw\.js|assets\/|src\/|@fs\/|node_modules\/)/

;(globalThis as { readonly trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => {
    const { origin, pathname } = new URL(url, location.href)
    if (origin === location.origin && OWN_SCRIPTS.test(pathname)) return url
    throw new TypeError(`${url} is none of this app’s scripts`)
  },
})
