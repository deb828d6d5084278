/** Limits that both sides know. Sizes are UTF-8 bytes of JSON unless said otherwise. Source: docs/protocol.md section 3. */
export const LIMITS = {
  /** Operations in one mutation. */
  opsPerMutation: 1_000,
  /** Bytes of one mutation. */
  mutationBytes: 1_048_576,
  /** Bytes of one record's value. */
  recordBytes: 262_144,
  /** UTF-16 units of a record id; at least 1. */
  idLength: 256,
  /** UTF-16 units of a space or account name; at least 1. */
  nameLength: 256,
  /** Nesting of a value; the record itself is level 1. */
  depth: 64,
  /** Fields and array elements in one record, all levels together. */
  nodes: 20_000,
  /** Mutations in one ask. */
  mutationsPerAsk: 1_000,
  /** Bytes of one ask's body. */
  askBytes: 4_194_304,
  /** Entries in `have`. The rule of kept checkpoints reaches back more than a million exchanges within these. */
  have: 256,
  /** Collections in one ask. */
  collections: 256,
  /** Changes in one page: the initiator may ask for fewer. A single transaction larger than this is still sent whole. */
  pageChanges: 5_000,
  /** Bytes of one page, likewise. */
  pageBytes: 4_194_304,
  /** Pages in one reply, likewise. */
  pagesPerReply: 1_000,
} as const
