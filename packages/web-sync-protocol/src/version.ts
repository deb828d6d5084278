/**
 * The protocol version, sent in both directions in the header {@link PROTOCOL_HEADER} and in each message's first object.
 *
 * History:
 * - 1: first version.
 */
export const PROTOCOL_VERSION = 1

/** The marker of our protocol: an answer without it is «not our partner» (captive portal, proxy page), whatever its status. */
export const PROTOCOL_HEADER = 'web-sync-protocol'

/** The content type of an ask; exact, so that no HTML form can send one (docs/protocol.md section 3). */
export const ASK_CONTENT_TYPE = 'application/json'

/** The content type of a reply: one JSON object for each line, the head first, then the pages. */
export const REPLY_CONTENT_TYPE = 'application/x-ndjson'

/** The content type of a problem (RFC 9457). */
export const PROBLEM_CONTENT_TYPE = 'application/problem+json'
