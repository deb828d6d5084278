/**
 * A new mutation's id: a UUID of version 7 (RFC 9562), the device's milliseconds since 1970 and then 74 random bits. The ids of writes
 * made one after another are neighbours, so the partner's table of outcomes grows at one end instead of all over. Nobody reads the
 * time out of it, and a clock that is wrong does no harm.
 */
export function newMutationId(): string {
  const ms = Date.now().toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${crypto.randomUUID().slice(15)}`
}
