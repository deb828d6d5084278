type Constructor<Instance> = new (url: URL, options?: WorkerOptions) => Instance

/** The part of Trusted Types that is used here; TypeScript's library does not know it. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): URL }
}

/**
 * A worker's constructor that works where the page demands Trusted Types. Under its usual name it still reads `new Worker(new URL(…`,
 * which is the text that bundlers look for.
 */
export function trusted<Instance>(constructor: Constructor<Instance>): Constructor<Instance> {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  const policy = trustedTypes?.createPolicy('e2e', { createScriptURL: (url) => url })
  const wrapped = function create(url: URL, options?: WorkerOptions): Instance {
    return new constructor(policy?.createScriptURL(url.href) ?? url, options)
  }
  return wrapped as unknown as Constructor<Instance>
}
