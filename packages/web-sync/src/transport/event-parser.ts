/** UTF-16 units in one server-sent event; a nudge has about 150. */
const MAX_EVENT = 65_536

/**
 * Server-sent events by hand (WHATWG HTML 9.2.6), because EventSource takes no headers. Feed it text as it comes; it gives the data of
 * each complete event. Comments and the other fields are skipped.
 */
export class EventParser {
  #line = ''
  #data: string[] = []
  #length = 0
  #isAfterReturn = false

  /** Takes the next part of the stream; returns the data of the events that it completed. Throws if an event has no end. */
  feed(text: string): string[] {
    const events: string[] = []
    for (const char of text) {
      const isReturn = char === '\r'
      if (char === '\n' && this.#isAfterReturn) {
        this.#isAfterReturn = false
        continue
      }
      this.#isAfterReturn = isReturn
      if (isReturn || char === '\n') this.#endLine(events)
      else this.#line += char
      this.#length += 1
      if (this.#length > MAX_EVENT) throw new RangeError('an event without end')
    }
    return events
  }

  #endLine(events: string[]): void {
    const line = this.#line
    this.#line = ''
    if (line === '') {
      if (this.#data.length > 0) events.push(this.#data.join('\n'))
      this.#data = []
      this.#length = 0
    } else if (line.startsWith('data:')) {
      this.#data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
    } else if (this.#data.length === 0) {
      this.#length = 0
    }
  }
}
