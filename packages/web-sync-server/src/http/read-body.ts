/** A body as JSON, or what is wrong with it. */
export type BodyResult =
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'too-large' }
  /** It ended before its end: the sender hung up, or the connection broke. */
  | { readonly type: 'broken-off' }
  | { readonly type: 'malformed'; readonly message: string }

/** Reads a body of at most `maxBytes`, checked by its header and while reading; UTF-8 must be well-formed. Nothing is parsed before. */
export async function readBody(request: Request, maxBytes: number): Promise<BodyResult> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > maxBytes) return { type: 'too-large' }
  // What a stream rejects with is the sender's or the network's doing: none of our code runs in it.
  const bytes = await readBytes(request, maxBytes).catch(() => 'broken-off' as const)
  if (bytes === 'broken-off') return { type: 'broken-off' }
  if (bytes === null) return { type: 'too-large' }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { type: 'json', value: JSON.parse(text) as unknown }
  } catch {
    return { type: 'malformed', message: 'the body is not JSON in well-formed UTF-8' }
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  const { body } = request as { readonly body?: Request['body'] }
  if (body === null) return new Uint8Array()
  // Firefox's requests show no stream; there the partner runs in a worker, and the body is in memory already.
  if (body === undefined) {
    const bytes = new Uint8Array(await request.arrayBuffer())
    return bytes.byteLength > maxBytes ? null : bytes
  }
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > maxBytes) {
      await reader.cancel()
      return null
    }
    chunks.push(value)
  }
  return join(chunks, size)
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}
