const encoder = new TextEncoder()

/** UTF-8 bytes of a value's JSON. */
export function jsonBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length
}

/** True if a value's JSON has at most so many UTF-8 bytes; most values are so small that they need not be encoded. */
export function fitsBytes(value: unknown, maxBytes: number): boolean {
  const text = JSON.stringify(value)
  if (text.length * 3 <= maxBytes) return true
  return text.length <= maxBytes && encoder.encode(text).length <= maxBytes
}

/** About how much room a value takes: the length of its JSON. Good enough for limits of storage, and cheap. */
export function estimateBytes(value: unknown): number {
  return JSON.stringify(value).length
}
