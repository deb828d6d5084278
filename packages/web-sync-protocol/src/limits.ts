/**
 * Limits that both sides know. Sizes are UTF-8 bytes of JSON unless said otherwise. Source: docs/protocol.md section 3. A bound on which
 * one side relies and the other could change stands here or in {@link PERIODS}, and nowhere else; an option of the partner that
 * contradicts one is refused when the partner is made.
 */
export const LIMITS = {
  /** Operations in one mutation. */
  opsPerMutation: 1_000,
  /** Bytes of one mutation. */
  mutationBytes: 1_048_576,
  /**
   * Work of one mutation: fields that its operations read, copy, check and compare, see `weigh`. One that takes more is refused, however
   * it is sent: `too-large`.
   */
  mutationWork: 2_000_000,
  /** Bytes of the records that one mutation touches, before and after, and of what is looked up for it; likewise. */
  mutationTouches: 16_777_216,
  /** Bytes of one record's value. */
  recordBytes: 262_144,
  /**
   * Mutations that made a record, as a partner keeps them of each and names them to who deletes it:
   * the first and the latest.
   */
  priorMutations: 16,
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
  /**
   * The smallest bound on an ask's body that a partner may set: one mutation of the largest size, alone in an ask with the longest
   * frame. With less, a device could never deliver what it was allowed to store.
   */
  leastAskBytes: 1_114_112,
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
  /** UTF-16 units of the message, and of the path, of a refused mutation; what is longer is cut. */
  refusalText: 500,
  /** Partnerships that one event stream names. A browser with more open spaces is not nudged, and finds changes by its regular exchanges. */
  partnershipsPerStream: 64,
  /** Partnerships that one account has in one space, at least: with less its devices would evict each other for ever. */
  leastPartnerships: 8,
} as const

/** Times that both sides know, in milliseconds. Source: docs/protocol.md section 3. */
export const PERIODS = {
  /**
   * 90 days. A device sends an accepted mutation again (after a rollback or a full resync) until it is this old; a partner remembers outcomes,
   * and the partnerships that they belong to, at least as long. Otherwise it would judge a mutation twice.
   */
  replayMs: 7_776_000_000,
  /** 15 minutes, the longest wait between two attempts of a device; a longer Retry-After is cut to it. */
  waitMs: 900_000,
  /** A partner keeps a partnership of which no key was presented at least an hour: longer than a device waits between attempts. */
  leastProvisionalMs: 3_600_000,
  /** A partner sends a sign of life on each event stream as often as this. */
  streamKeepAliveMs: 25_000,
  /** A device takes an event stream for dead after this time without one. */
  streamIdleMs: 90_000,
  /** The longest time over which a nudge spreads the exchanges of a space's members. */
  nudgeSpreadMs: 60_000,
} as const
