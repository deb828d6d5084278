/** An answer before anything of it is believed; what carried it (fetch, a port) does not matter from here on. */
export interface RawResponse {
  readonly status: number
  /** A header by its lower-case name; null: it is missing. */
  header(name: string): string | null
  /** The next part of the body; null: it is over. Rejects if the connection breaks. */
  read(): Promise<Uint8Array | null>
  /** Stops reading; never rejects. May be called more than once. */
  cancel(): void
}
