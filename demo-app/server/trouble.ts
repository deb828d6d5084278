/** What the panel «Make trouble» has switched on. It concerns everyone who uses this server. */
export interface TroubleState {
  /** All API traffic is refused: as if the network were cut. */
  readonly isCut: boolean
  /** So many next replies are processed, then thrown away: the server has committed, the device never hears of it. */
  readonly dropReplies: number
  /** So many next requests are answered with this status; null: none. */
  readonly answer: { readonly status: 401 | 500 | 503; readonly times: number } | null
  /** Accounts that have lost access to the team's space. */
  readonly revoked: readonly string[]
}

/** No trouble. */
export const NO_TROUBLE: TroubleState = { isCut: false, dropReplies: 0, answer: null, revoked: [] }

/** What is to become of one request. */
export type Fate =
  | { readonly type: 'pass' }
  /** Break the connection before anything is read. */
  | { readonly type: 'refuse' }
  /** Process it, then break the connection instead of answering. */
  | { readonly type: 'drop-reply' }
  | { readonly type: 'answer'; readonly status: 401 | 500 | 503 }

/** Decides the fate of the next API request; `isExchange`: it is an exchange of the team's space, not a nudge stream. */
export function decideFate(
  state: TroubleState,
  isExchange: boolean,
): { readonly fate: Fate; readonly next: TroubleState } {
  if (state.isCut) return { fate: { type: 'refuse' }, next: state }
  if (!isExchange) return { fate: { type: 'pass' }, next: state }
  if (state.answer !== null) {
    const { status, times } = state.answer
    return {
      fate: { type: 'answer', status },
      next: { ...state, answer: times > 1 ? { status, times: times - 1 } : null },
    }
  }
  if (state.dropReplies > 0) {
    return { fate: { type: 'drop-reply' }, next: { ...state, dropReplies: state.dropReplies - 1 } }
  }
  return { fate: { type: 'pass' }, next: state }
}

/** Reads what the panel asks to change; null if it makes no sense. Unknown fields are ignored. */
export function parseTrouble(input: unknown, before: TroubleState): TroubleState | null {
  if (typeof input !== 'object' || input === null) return null
  const wanted = input as Readonly<Record<string, unknown>>
  const next = { ...before }
  if ('isCut' in wanted) {
    if (typeof wanted['isCut'] !== 'boolean') return null
    next.isCut = wanted['isCut']
  }
  if ('dropReplies' in wanted) {
    const times = parseTimes(wanted['dropReplies'])
    if (times === null) return null
    next.dropReplies = times
  }
  if ('answer' in wanted) {
    const answer = parseAnswer(wanted['answer'])
    if (answer === undefined) return null
    next.answer = answer
  }
  if ('revoked' in wanted) {
    const accounts = wanted['revoked']
    if (!Array.isArray(accounts) || !accounts.every((account) => typeof account === 'string')) return null
    next.revoked = accounts
  }
  return next
}

function parseAnswer(input: unknown): TroubleState['answer'] | undefined {
  if (input === null) return null
  if (typeof input !== 'object') return undefined
  const { status, times } = input as Readonly<Record<string, unknown>>
  const count = parseTimes(times)
  if (count === null || (status !== 401 && status !== 500 && status !== 503)) return undefined
  return count === 0 ? null : { status, times: count }
}

function parseTimes(input: unknown): number | null {
  return Number.isInteger(input) && Number(input) >= 0 && Number(input) <= 1_000_000 ? Number(input) : null
}
