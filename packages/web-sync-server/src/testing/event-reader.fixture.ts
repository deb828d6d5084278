import type { Nudge } from 'web-sync-protocol'
import type { ScriptedInitiator } from './scripted-initiator.ts'

/** Reads a stream of nudges, one at a time. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #text = ''

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader()
  }

  async nudge(): Promise<Nudge> {
    for (;;) {
      const match = /^event: nudge\ndata: (.*)\n\n/m.exec(this.#text)
      if (match !== null) {
        this.#text = this.#text.slice(match.index + match[0].length)
        return JSON.parse(match[1] ?? '') as Nudge
      }
      const { done, value } = await this.#reader.read()
      if (done) throw new Error('the stream ended')
      this.#text += new TextDecoder().decode(value)
    }
  }

  async ended(): Promise<boolean> {
    for (;;) if ((await this.#reader.read()).done) return true
  }

  cancel(): Promise<void> {
    return this.#reader.cancel()
  }
}

/** Asks for a stream of these partnerships, as the initiator's account. */
export function eventsRequest(
  initiator: ScriptedInitiator,
  ids: readonly (string | null)[],
  url = 'http://partner.test/sync',
): Request {
  const query = ids.map((id) => `partnership=${id}`).join('&')
  return new Request(`${url}/events?${query}`, {
    headers: { 'web-sync-protocol': '1', authorization: initiator.options.account },
  })
}
