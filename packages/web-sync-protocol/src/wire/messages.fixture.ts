import { parseAsk } from './ask.ts'
import type { Ask } from './ask.ts'
import { parseMutationFrame, parseOps, type Mutation } from './mutation.ts'
import { type Nudge, parseNudge } from './nudge.ts'
import { type Page, parsePage } from './page.ts'
import { parseProblem, type Problem, PROBLEM_STATUS, type ProblemCode } from './problem.ts'
import { parseReplyHead, type ReplyHead } from './reply.ts'

/** A partnership's, replica's or exchange's id. */
export const ID: string = '0123456789abcdef'.repeat(2)
/** The tag of a key. */
export const TAG: string = 'f'.repeat(32)
const UUID = '01234567-89ab-4cde-8f01-23456789abcd'
const VERSION = '12-0123456789abcdef'

/** A mutation with an operation of each kind. */
export const MUTATION: Mutation = {
  mutationId: UUID,
  order: 3,
  origin: { id: ID, number: 3 },
  ops: [
    { op: 'insert', collection: 'notes', id: 'a', base: null, value: { id: 'a', title: 'x', tags: [1, null] } },
    { op: 'put', collection: 'notes', id: 'b', base: VERSION, value: { id: 'b' } },
    {
      op: 'patch',
      collection: 'notes',
      id: 'c',
      base: VERSION,
      baseMutation: UUID,
      value: { title: null },
      removed: ['/done', '/tags/old'],
    },
    { op: 'delete', collection: 'visits', id: 'd', base: VERSION },
  ],
}

/** An ask with all of its fields. */
export const ASK: Ask = {
  protocol: 1,
  requestId: ID,
  app: 'field-notes',
  account: 'ada',
  replicaId: ID,
  space: 'team',
  partnershipId: ID,
  key: { n: 41, tag: TAG },
  have: [{ partnershipId: ID, n: 41, tag: TAG }],
  collections: ['notes', 'visits'],
  schemaVersion: 2,
  mutations: [MUTATION],
  limit: { changes: 5_000, bytes: 1_000_000, pages: 10 },
  digest: { notes: { count: 2, sum: '0123456789abcdef' } },
  host: 'service-worker',
}

/** A reply's head with all of its fields. */
export const REPLY_HEAD: ReplyHead = {
  protocol: 1,
  requestId: ID,
  partnerId: ID,
  from: { n: 41, tag: TAG },
  partnershipId: ID,
  durable: 40,
  forked: { replicaId: TAG },
}

/** A page with changes and outcomes of each kind. */
export const PAGE: Page = {
  key: { n: 42, tag: TAG },
  settled: true,
  collections: ['notes', 'visits'],
  changes: [
    { type: 'put', collection: 'notes', id: 'a', version: VERSION, value: { id: 'a', title: 'x' }, mutationId: UUID },
    { type: 'delete', collection: 'notes', id: 'b', version: VERSION, mutationId: null },
  ],
  snapshot: false,
  outcomes: [
    {
      mutationId: UUID,
      type: 'accepted',
      duplicate: false,
      merged: true,
      versions: [
        { collection: 'notes', id: 'a', version: VERSION },
        { collection: 'notes', id: 'b', version: null },
      ],
    },
    {
      mutationId: UUID,
      type: 'conflict',
      duplicate: true,
      code: 'record-changed',
      message: '',
      path: '/0',
    },
    { mutationId: UUID, type: 'refused', duplicate: false, code: 'not-allowed', message: 'no', path: '' },
    { mutationId: UUID, type: 'later' },
  ],
  more: true,
  progress: { done: 5, total: 10 },
  digest: { notes: { count: 1, sum: 'ffffffffffffffff' } },
}

/** A nudge that names a key. */
export const NUDGE: Nudge = { partnershipId: ID, key: { n: 42, tag: TAG }, spreadMs: 500 }

function problemOf(code: ProblemCode): Problem {
  const common = { protocol: 1, status: PROBLEM_STATUS[code], title: 'what happened', requestId: ID }
  if (code === 'invalid-key')
    return { ...common, code, reason: 'regressed', rollbackTo: { partnershipId: ID, n: 3, tag: TAG } }
  if (code === 'expired') return { ...common, code, reason: 'log-floor', reset: 'upload' }
  return { ...common, code, path: '/key' }
}

/** A problem of each code. */
export const PROBLEMS: readonly Problem[] = (Object.keys(PROBLEM_STATUS) as ProblemCode[]).map((code) =>
  problemOf(code),
)

/** A parser at a door, with one whole message that it must take. */
export interface Door {
  readonly name: string
  readonly parse: (input: unknown, path: string) => unknown
  readonly message: unknown
}

/** Every door of the protocol. */
export const DOORS: readonly Door[] = [
  // What comes through the partner's door has its operations unchecked; they have a door of their own.
  { name: 'ask', parse: parseAsk, message: ASK },
  { name: 'mutation', parse: parseMutationFrame, message: MUTATION },
  { name: 'ops', parse: parseOps, message: MUTATION.ops },
  { name: 'reply head', parse: parseReplyHead, message: REPLY_HEAD },
  { name: 'page', parse: parsePage, message: PAGE },
  { name: 'nudge', parse: parseNudge, message: NUDGE },
  ...PROBLEMS.map((problem): Door => ({ name: `problem ${problem.code}`, parse: parseProblem, message: problem })),
]
