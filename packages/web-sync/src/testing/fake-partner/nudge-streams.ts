import { type Nudge, PROTOCOL_HEADER, PROTOCOL_VERSION } from 'web-sync-protocol'

interface OpenStream {
  readonly partnershipIds: readonly string[]
  readonly controller: ReadableStreamDefaultController<Uint8Array>
}

/** The open streams of nudges. */
export class NudgeStreams {
  readonly #streams = new Set<OpenStream>()

  /** Answers a request for a stream; it ends when the request is given up. */
  open(url: string, signal: AbortSignal | null | undefined): Response {
    const partnershipIds = new URL(url).searchParams.getAll('partnership')
    let opened: OpenStream | null = null
    const forget = (): void => {
      if (opened !== null) this.#streams.delete(opened)
    }
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        opened = { partnershipIds, controller }
        this.#streams.add(opened)
      },
      cancel: forget,
    })
    signal?.addEventListener('abort', forget)
    const headers = { 'content-type': 'text/event-stream', [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) }
    return new Response(body, { headers })
  }

  /** Tells everybody but the author that news waits, at once. */
  nudge(isConcerned: (partnershipId: string) => boolean): void {
    for (const { partnershipIds, controller } of this.#streams) {
      for (const partnershipId of partnershipIds.filter(isConcerned)) {
        const nudge: Nudge = { partnershipId, key: null, spreadMs: 0 }
        controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(nudge)}\n\n`))
      }
    }
  }

  /** Breaks all streams, as a network that is gone does. */
  cut(): void {
    for (const { controller } of this.#streams) controller.error(new TypeError('no network'))
    this.#streams.clear()
  }
}
