import {
  PROBLEM_STATUS,
  PROTOCOL_VERSION,
  type CheckpointName,
  type Problem,
  type ProblemCode,
  type ResetKind,
} from 'web-sync-protocol'

/** What happened and what to do next, for people; programs go by the code. */
export const PROBLEM_TITLES: Readonly<Record<ProblemCode, string>> = {
  malformed:
    'The request is not an ask of this protocol. `path` says where; nothing was stored. This is a bug of the sender.',
  unauthenticated: 'Nobody is signed in, or the sign-in has expired. Sign in and send the same ask again.',
  forbidden: 'The account has no access here. Ask the owner of the space, or sign in as somebody else.',
  'access-ended': 'The account had access to this space and has it no longer.',
  'account-mismatch':
    'The request is signed by another account than the one that the device’s data belongs to. Sign in as that one.',
  'other-app':
    'Another app is served at this address. Check the endpoint that the app was built with; nothing was judged.',
  'not-found': 'There is nothing at this address. Check the endpoint that the app was built with.',
  'method-not-allowed': 'This address does not take this method.',
  'invalid-key':
    'The sync key names a checkpoint that is not known here. Go back to `rollbackTo`, or begin again; keep unsent writes.',
  expired: 'The sync key is older than what is kept. Begin again from key 0; keep unsent writes.',
  'too-large': 'The request is larger than what is taken. Send fewer mutations at once.',
  version: 'Another version of the protocol is spoken here. Load the newest version of the app.',
  'slow-down': 'Too many requests. Wait as long as Retry-After says.',
  internal: 'A fault of the server. Nothing of this request was stored; try again later.',
  behind: 'This server is not the primary and must not answer yet. Try again after Retry-After.',
  busy: 'The server is busy. Nothing of this request was stored; try again after Retry-After.',
}

/** Builds a problem that has no further facts. */
export function makeProblem(
  code: Exclude<ProblemCode, 'invalid-key' | 'expired'>,
  requestId: string | null,
  path?: string,
): Problem {
  return { ...common(code, requestId), code, ...(path === undefined ? {} : { path }) }
}

/** Builds the problem of cases K5 and K6: the same form for evicted, foreign and never known. */
export function makeInvalidKey(
  requestId: string,
  reason: 'regressed' | 'unknown',
  rollbackTo: CheckpointName | null,
): Problem {
  return { ...common('invalid-key', requestId), code: 'invalid-key', reason, rollbackTo }
}

/** Builds the problem of case K4. */
export function makeExpired(requestId: string, reason: 'thinned' | 'log-floor', reset: ResetKind): Problem {
  return { ...common('expired', requestId), code: 'expired', reason, reset }
}

function common(
  code: ProblemCode,
  requestId: string | null,
): Pick<Problem, 'protocol' | 'status' | 'title' | 'requestId'> {
  return { protocol: PROTOCOL_VERSION, status: PROBLEM_STATUS[code], title: PROBLEM_TITLES[code], requestId }
}
