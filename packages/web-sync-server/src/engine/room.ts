import type { ReplyLimit } from 'web-sync-protocol'
import { byteLength } from '../contract/index.ts'

/** What a page still has room for. At least one change, or one whole mutation, always fits. */
export class Room {
  readonly changes: string[] = []
  readonly #limit: ReplyLimit
  #bytes = 0

  constructor(limit: ReplyLimit) {
    this.#limit = limit
  }

  /** How many changes still fit, by their number. */
  left(): number {
    return Math.max(0, this.#limit.changes - this.changes.length)
  }

  /** How many bytes still fit; 1 at least. */
  leftBytes(): number {
    return Math.max(1, this.#limit.bytes - this.#bytes)
  }

  /** Adds changes that belong together; false if they do not fit any more. What comes first always fits. */
  add(texts: readonly string[]): boolean {
    const bytes = texts.reduce((sum, text) => sum + byteLength(text) + 1, 0)
    const isFirst = this.changes.length === 0
    if (!isFirst && (texts.length > this.left() || this.#bytes + bytes > this.#limit.bytes)) return false
    for (const text of texts) this.changes.push(text)
    this.#bytes += bytes
    return true
  }
}
