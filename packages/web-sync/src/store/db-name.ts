/**
 * The database of an account's space on this device: no e-mail or user id in clear.
 *
 * @returns `web-sync-` and the first 32 hexadecimal digits of SHA-256 over the JSON of [account, space]
 */
export async function makeDbName(account: string, space: string): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([account, space]))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const hex = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `web-sync-${hex.slice(0, 32)}`
}
