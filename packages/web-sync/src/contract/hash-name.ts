/**
 * A short name for a text that must not stand in clear (account, address), for channels and keys in the browser: FNV-1a, 32 bits, over
 * UTF-16 units. Not for secrets, and nothing may depend on two of them being different.
 */
export function hashName(text: string): string {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(36)
}
