/** The part of Trusted Types that we call; TypeScript's library does not know it. */
interface TrustedTypePolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
}

/** Name of our policy: a page with the CSP directive `trusted-types` lists it. */
const POLICY_NAME = 'web-sync'

/** Made once: a second policy of the same name is refused where the CSP lists the names. */
let policy: { createScriptURL(url: string): string } | null = null

/**
 * The address of a script of ours or of the app (from code, never from data), fit for a page that demands Trusted Types
 * (`require-trusted-types-for 'script'`): there a plain address starts neither a worker nor a service worker. Where the page's CSP
 * does not list our policy the address stays plain, so that a policy `default` of the app can judge it.
 */
export function trustScript(url: string): string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypePolicyFactory }
  if (trustedTypes === undefined) return url
  try {
    policy ??= trustedTypes.createPolicy(POLICY_NAME, { createScriptURL: (address) => address })
    return policy.createScriptURL(url)
  } catch {
    return url
  }
}
