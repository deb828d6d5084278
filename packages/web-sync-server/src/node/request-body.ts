import type { IncomingMessage } from 'node:http'

/** Bytes of an unwanted body that are let in after the answer: four of the largest asks. */
const MAX_DROPPED_BYTES = 16_777_216

/**
 * The body of a request, drawn only as it is read. To cancel it leaves the connection alone: to break it would take the answer away
 * from a client that still sends.
 */
export function toBody(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array, void>
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      cancel: async () => {
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * Lets what is left of a body come in and drops it, up to a bound: browsers hear an answer (413, say) only when they have sent
 * everything, and a connection that is broken before tells them nothing but that.
 */
export function dropRest(incoming: IncomingMessage): void {
  let bytes = 0
  incoming.on('data', (chunk: Uint8Array) => {
    bytes += chunk.byteLength
    if (bytes > MAX_DROPPED_BYTES) incoming.destroy()
  })
  incoming.resume()
}
