/**
 * A new mutation's id: a UUID of version 7 (RFC 9562), the device's milliseconds since 1970 and then 74 random bits. The ids of writes
 * made one after another are neighbours, so the partner's table of outcomes grows at one end instead of all over. Nobody reads the
 * time out of it, and a clock that is wrong does no harm. `crypto.randomUUID` is missing on pages without https, random bytes are not.
 */
export function newMutationId(): string {
  const ms = Date.now().toString(16).padStart(12, '0')
  const bytes = crypto.getRandomValues(new Uint8Array(10))
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  // The variant of RFC 9562 is in the two highest bits.
  const variant = ((bytes[2] ?? 0) % 64) + 128
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${hex.slice(0, 3)}-${variant.toString(16)}${hex.slice(6, 8)}-${hex.slice(8)}`
}
